import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { queryObjects } from 'node:v8';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { OperatorError } from '../../gateway/domain/errors.ts';
import { followNotices } from '../../gateway/revocation/notices.ts';
import { startRevocations } from '../../gateway/revocation/revocation-service.ts';
import { revokeAccount } from '../../gateway/revocation/revocations.ts';
import { type Database, openDatabase } from '../../gateway/stores/database/connection.ts';
import { type Listen, postgresListener } from '../../gateway/stores/database/listen.ts';
import { migrate } from '../../gateway/stores/database/migrate.ts';
import { openConnections } from '../../gateway/stores/database/open-connections.ts';
import { temporaryPostgres } from '../lab/stores/database.ts';
import { serverProxy } from '../lab/stores/server-proxy.ts';
import { holds } from '../lab/waiting/condition.ts';
import { pgbouncer } from '../support/stores/pgbouncer.ts';

const LIVES = { tokens: { maxLifetime: 1000 }, pages: { session: { lifetime: 1000 } } };
const SILENT = pino({ level: 'silent' });
const UNHEARD = [() => {}, () => {}] as const;
const AN_HOUR = 3_600_000;
/** Milliseconds. */
const KEEP_ALIVE = 100;

test('a notice makes another process read what was revoked, without a poll and without Redis', async (t) => {
  const location = await temporaryPostgres(t);
  const [a, b] = [await migrated(t, location), await migrated(t, location)];
  const follower = await startRevocations(b, null, LIVES, SILENT, ...UNHEARD, AN_HOUR);
  t.teardown(() => follower.close());
  await holds('it listens', async () => (await listeners(a)).length === 1);
  // The read at the start may be late, and have the first.
  for (const position of [1, 2]) {
    await revokeAda(a);
    await holds('it has read the revocation', () => follower.mirror.completeTo?.position === position);
  }
  t.true(follower.mirror.cutoffOf('1') > 0);
});

test('a notice has the position of the newest revocation, and none comes for what is undone', async (t) => {
  const { database, received } = await listening(t);
  await revokeAda(database);
  await revokeAda(database);
  await holds('the notices arrive', () => received.includes(2));
  await t.throwsAsync(
    database.transact(async (runner) => {
      await revokeAccount(runner, '1', { now: Date.now(), maxLifetime: 1000 });
      throw new OperatorError('undone');
    }),
    { message: 'undone' },
  );
  await revokeAda(database);
  await holds('the next one arrives', () => received.length === 3);
  t.deepEqual(received, [1, 2, 3]);
});

test('a listening connection that the server ends is replaced, without a line in the log', async (t) => {
  const { database, received, lines } = await listening(t);
  const [before] = await listeners(database);
  await database.query(database.sql.raw('select pg_terminate_backend(?::int)', [before ?? 0]));
  await holds('another connection listens', async () => {
    const [after] = await listeners(database);
    return after !== undefined && after !== before;
  });
  await revokeAda(database);
  await holds('the notice arrives', () => received.includes(1));
  t.deepEqual(lines, []);
});

test('a listening connection that is silently dropped on its way is noticed, and replaced', async (t) => {
  const location = await temporaryPostgres(t);
  const proxy = await serverProxy(t, location.port);
  const other = await migrated(t, location);
  const behind = { ...location, port: proxy.port };
  const insecure = { timeout: 5_000, tls: () => undefined };
  const connections = openConnections(behind, insecure.tls, insecure.timeout);
  const { received } = follow(t, postgresListener(behind, insecure, connections, KEEP_ALIVE).listen);
  await holds('it listens', async () => (await listeners(other)).length === 1);
  const [before] = await listeners(other);
  proxy.silence();
  await holds('another connection listens', async () => (await listeners(other)).some((pid) => pid !== before));
  await revokeAda(other);
  await holds('the notice arrives', () => received.length > 0);
  t.deepEqual(received, [1]);
});

// Alone in its process, whose promises it counts.
test.serial('a listener that asks for days whether its connection is alive keeps nothing of it', async (t) => {
  const location = await temporaryPostgres(t);
  const proxy = await serverProxy(t, location.port);
  const behind = { ...location, port: proxy.port };
  const insecure = { timeout: 5_000, tls: () => undefined };
  const connections = openConnections(behind, insecure.tls, insecure.timeout);
  let asked = 0;
  follow(t, postgresListener(behind, insecure, { ...connections, isUsable: () => ++asked > 0 }, 1).listen);
  const promises = async (looks: number) => {
    await holds(`${looks} looks`, () => asked > looks);
    return queryObjects(Promise, { format: 'count' });
  };
  const before = await promises(100);
  const after = await promises(1_100);
  // Each question once left one: 500 of them.
  t.true(after - before < 100, `${before} promises, then ${after}`);
});

test('closing the database ends a listener that still waits for a server that hangs', async (t) => {
  const accepted = Promise.withResolvers<Socket>();
  const hanging = createServer(accepted.resolve).listen(0, '127.0.0.1');
  await once(hanging, 'listening');
  t.teardown(() => hanging.close());
  const port = (hanging.address() as AddressInfo).port;
  const database = openDatabase({ ...(await temporaryPostgres(t)), port }, { timeout: AN_HOUR });
  const receiver = { onListening() {}, onNotice() {} };
  const listening = t.throwsAsync(async () => await database.listen?.('any', receiver, new AbortController().signal));
  const socket = await accepted.promise;
  const closed = once(socket.resume(), 'close');
  await database.close();
  await Promise.all([listening, closed]);
});

test('behind a pooler that cannot deliver notices, one line says so, and nothing listens', async (t) => {
  const location = await temporaryPostgres(t);
  const pooler = await pgbouncer(t, location, 3);
  const database = await migrated(t, pooler.location);
  const { lines } = follow(t, database.listen);
  await holds('it is said', () => lines.length > 0);
  t.like(lines[0], { level: 30, cause: 'a pooler is in front of PostgreSQL' });
  await revokeAda(database);
  t.deepEqual(await listeners(database), []);
  t.is(lines.length, 1);
});

async function listening(t: ExecutionContext) {
  const database = await migrated(t, await temporaryPostgres(t));
  const followed = follow(t, database.listen);
  await holds('it listens', async () => (await listeners(database)).length === 1);
  return { database, ...followed };
}

async function migrated(t: ExecutionContext, location: Parameters<typeof openDatabase>[0]): Promise<Database> {
  const database = openDatabase(location, { timeout: 5_000 });
  t.teardown(() => database.close());
  await migrate(database);
  return database;
}

function follow(t: ExecutionContext, listen: Listen | null): { received: number[]; lines: object[] } {
  const received: number[] = [];
  const lines: object[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  if (listen === null) throw new Error('not PostgreSQL');
  const notices = followNotices(listen, log, (position) => received.push(position));
  t.teardown(() => notices.close());
  return { received, lines };
}

function revokeAda(database: Database): Promise<unknown> {
  return database.transact((runner) => revokeAccount(runner, '1', { now: Date.now(), maxLifetime: 1000 }));
}

/** The process ids of the connections that listen. */
async function listeners({ sql, query }: Database): Promise<number[]> {
  const { rows } = await query<{ rows: { pid: number }[] }>(
    sql.raw("select pid from pg_stat_activity where datname = current_database() and query ~ '^(listen|select 1$)'"),
  );
  return rows.map(({ pid }) => pid);
}
