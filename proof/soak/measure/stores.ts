import { streamKey } from '../../../gateway/revocation/denylist.ts';
import type { Database } from '../../../gateway/stores/database/connection.ts';
import { OWN_TABLES } from '../../../gateway/stores/database/own-tables.ts';
import type { PrivateRedis } from '../../../test/lab/stores/redis-server.ts';
import type { Values } from '../samples.ts';

/** Counts the rows of the gateway's tables. */
export async function rowsOf(database: Database): Promise<Values> {
  const counts: Record<string, number> = {};
  for (const table of OWN_TABLES) {
    if (table.includes('migrations')) continue;
    const [row] = await database.query(database.sql(table).count({ rows: '*' }));
    counts[`rows of ${table}`] = Number(row?.rows);
  }
  return counts;
}

/** The prefix of the gateway's keys, if its configuration names none. */
const KEY_PREFIX = 'gatehouse:';

/**
 * Keys and memory of Redis, which must be running. Without the stream of revocations, which grows by design until it has ten
 * thousand entries, for hours.
 */
export async function redisValues({ client }: Pick<PrivateRedis, 'client'>): Promise<Values> {
  const [keys, memory, clients] = [await client.dbsize(), await client.info('memory'), await client.info('clients')];
  const stream = Number((await client.memory('USAGE', streamKey(KEY_PREFIX))) ?? 0);
  return {
    'redis keys': keys,
    'redis memory': Number(/^used_memory:(\d+)/m.exec(memory)?.[1]) - stream,
    'redis clients': Number(/^connected_clients:(\d+)/m.exec(clients)?.[1]),
  };
}
