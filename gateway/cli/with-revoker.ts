import { createLog } from '../ops/log.ts';
import { watchStore } from '../ops/store-state.ts';
import { redisDenylist } from '../revocation/denylist.ts';
import { createRevoker, longestLife, type Revoker } from '../revocation/revoker.ts';
import type { SettingsWithoutSecrets } from '../settings/read/load.ts';
import type { RedisLocation } from '../settings/schema/redis-url.ts';
import { openAccounts } from '../stores/accounts/open.ts';
import type { AccountReader } from '../stores/accounts/store.ts';
import { type Clock, readDatabaseClock } from '../stores/database/clock.ts';
import type { RedisClient } from '../stores/redis/connect.ts';
import { whenReady } from '../stores/redis/when-ready.ts';
import { withDatabase } from './with-database.ts';

export interface Work {
  readonly settings: SettingsWithoutSecrets;
  readonly accounts: AccountReader;
  readonly revoker: Revoker;
  /** The database's. */
  readonly clock: Clock;
}

/**
 * Does a command's work that may revoke tokens. Running gateways learn of revocations through Redis at once. If Redis does
 * not answer, they read them from the database, and a line on standard error says so.
 *
 * @throws OperatorError as `withDatabase` does
 */
export async function withRevoker(file: string, work: (at: Work) => Promise<void>): Promise<void> {
  await withDatabase(file, async ({ settings, database }) => {
    const { redis } = settings;
    const accounts = await openAccounts(database, settings.accounts);
    const clock = await readDatabaseClock(database);
    const client = redis.url === null ? null : await connect(redis.url, redis.timeout);
    try {
      if (client !== null) await whenReady(client, redis.timeout);
      const state = watchStore('redis', createLog({ level: 'silent', format: 'json' }));
      const link =
        client === null ? null : { denylist: redisDenylist(client, redis.keyPrefix, clock), state, requestRepair() {} };
      const sinks = { mirror: null, redis: link, announceRevocation() {} };
      const revoker = createRevoker(database, sinks, clock, longestLife(settings));
      await work({ settings, accounts, revoker, clock });
      if (!state.isUp) {
        process.stderr.write('Redis does not answer: the gateways learn of this from the database, within a second.\n');
      }
    } finally {
      client?.disconnect();
    }
  });
}

/** Its library is loaded on demand: commands start faster without. */
async function connect(location: RedisLocation, timeout: number): Promise<RedisClient> {
  const { connectRedis } = await import('../stores/redis/connect.ts');
  return connectRedis(location, timeout);
}
