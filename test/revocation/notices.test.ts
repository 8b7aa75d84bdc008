import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { OperatorError } from '../../gateway/domain/errors.ts';
import { followNotices, type Notices } from '../../gateway/revocation/notices.ts';
import { revokeAccount } from '../../gateway/revocation/revocations.ts';
import { type Database, openDatabase } from '../../gateway/stores/database/connection.ts';
import { migrate } from '../../gateway/stores/database/migrate.ts';
import { ADA } from '../lab/gateways/gateway.ts';
import { bearer, issue, revoke, untilStatus } from '../lab/gateways/load.ts';
import { gateways } from '../lab/gateways/nodes.ts';
import { temporaryPostgres } from '../lab/stores/database.ts';
import { serverProxy } from '../lab/stores/server-proxy.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { pgbouncer } from '../support/stores/pgbouncer.ts';

const REVOCATIONS = 20;
/** Milliseconds within which what is in the database is known. */
const BY_POLL = 2_000;

test('what one process revokes is refused by another at once, without Redis', async (t) => {
  const upstream = await httpUpstream(t);
  const location = await temporaryPostgres(t);
  const group = await gateways(t, { location, redis: '', upstream: upstream.url });
  const [a, b] = await Promise.all([group.start('A'), group.start('B')]);
  const used = await issue(a, ADA);
  await holds('both nodes listen', async () => (await listeners(group.database)).length === 2);
  const delays: number[] = [];
  for (let i = 0; i < REVOCATIONS; i++) {
    const token = await issue(a, ADA);
    await untilStatus(b, token, 200, BY_POLL);
    t.is((await revoke(a, token.id, bearer(used))).status, 204);
    const acknowledged = performance.now();
    const refused = await untilStatus(b, token, 401, BY_POLL);
    delays.push(refused.answeredAt - acknowledged);
  }
  delays.sort((x, y) => x - y);
  const [p50, p90] = [delays[REVOCATIONS / 2], delays[REVOCATIONS * 0.9]];
  t.log(`from the 204 of A to a 401 of B: p50 ${p50?.toFixed(1)} ms, p90 ${p90?.toFixed(1)} ms`);
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
  const { received } = await listening(t, { ...location, port: proxy.port });
  const other = await migrated(t, location);
  const [before] = await listeners(other);
  proxy.silence();
  await holds('another connection listens', async () => (await listeners(other)).some((pid) => pid !== before));
  await revokeAda(other);
  await holds('the notice arrives', () => received.length > 0);
  t.deepEqual(received, [1]);
});

test('behind a pooler that cannot deliver notices, one line says so, and nothing listens', async (t) => {
  const location = await temporaryPostgres(t);
  const pooler = await pgbouncer(t, location, 3);
  const database = await migrated(t, pooler.location);
  const { lines } = follow(t, database);
  await holds('it is said', () => lines.length > 0);
  t.like(lines[0], { level: 30, cause: 'a pooler is in front of PostgreSQL' });
  await revokeAda(database);
  t.deepEqual(await listeners(database), []);
  t.is(lines.length, 1);
});

async function listening(t: ExecutionContext, location?: Parameters<typeof openDatabase>[0]) {
  const database = await migrated(t, location ?? (await temporaryPostgres(t)));
  const followed = follow(t, database);
  await holds('it listens', async () => (await listeners(database)).length === 1);
  return { database, ...followed };
}

async function migrated(t: ExecutionContext, location: Parameters<typeof openDatabase>[0]): Promise<Database> {
  const database = openDatabase(location, { timeout: 5_000 });
  t.teardown(() => database.close());
  await migrate(database);
  return database;
}

function follow(t: ExecutionContext, database: Database): { received: number[]; lines: object[]; notices: Notices } {
  const received: number[] = [];
  const lines: object[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const notices = followNotices(database, log, (position) => received.push(position));
  t.teardown(() => notices.close());
  return { received, lines, notices };
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
