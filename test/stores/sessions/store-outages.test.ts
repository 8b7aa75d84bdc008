import test from 'ava';
import { openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migrate } from '../../../gateway/stores/database/migrate.ts';
import { connectRedis } from '../../../gateway/stores/redis/connect.ts';
import { whenReady } from '../../../gateway/stores/redis/when-ready.ts';
import { redisSessionStore } from '../../../gateway/stores/sessions/redis-sessions.ts';
import type { SessionStore } from '../../../gateway/stores/sessions/session-store.ts';
import { sqlSessionStore } from '../../../gateway/stores/sessions/sql-sessions.ts';
import { temporaryDatabase } from '../../lab/stores/database.ts';
import { privateDatabase, SERVERS } from '../../lab/stores/private-database.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { redisProcess } from '../../support/stores/redis-process.ts';
import { locationOf } from '../../support/stores/separate-services.ts';
import { KEY_PREFIX } from '../../support/stores/session-stores.ts';

const HOUR = 3_600_000;
/** Milliseconds for an answer of a store; and within which a failure must be heard of, on a machine under load. */
const TIMEOUT = 1_000;
const IN_TIME = 10_000;

const WAYS: readonly ((store: SessionStore) => Promise<unknown>)[] = [
  (store) => store.read('id'),
  (store) => store.write('id', 'content', HOUR),
  (store) => store.renew('id', 'content', HOUR),
  (store) => store.destroy('id'),
];

test('a Redis that hangs, and one that is gone, fails each of them in time, and serves again when it is back', async (t) => {
  const server = await redisProcess(t);
  const redis = connectRedis(locationOf(`redis://127.0.0.1:${server.port}`), TIMEOUT);
  t.teardown(() => redis.disconnect());
  await whenReady(redis, IN_TIME);
  const store = redisSessionStore(redis, KEY_PREFIX);
  const works = () => store.read('id').then(...SETTLED);
  server.pause();
  t.deepEqual(await failuresOf(store), Array(WAYS.length).fill('redis unavailable: service_unavailable, redis'));
  server.continue();
  await holds('it answers again', works, IN_TIME);
  await server.kill();
  t.deepEqual(await failuresOf(store), Array(WAYS.length).fill('redis unavailable: service_unavailable, redis'));
  await server.start();
  await holds('it answers again', works, IN_TIME);
});

for (const kind of SERVERS) {
  test(`${kind}: a server that hangs, and one that is gone, fails each of them in time, and serves again when it is back`, async (t) => {
    const server = await privateDatabase(t, kind);
    const database = openDatabase(server.location, { timeout: TIMEOUT });
    t.teardown(() => database.close());
    await migrate(database);
    const store = sqlSessionStore(database, Date);
    const works = () => store.read('id').then(...SETTLED);
    const expected = Array(WAYS.length).fill('database unavailable: service_unavailable, database');
    server.pause();
    t.deepEqual(await failuresOf(store), expected);
    server.continue();
    await holds('it answers again', works, IN_TIME);
    await server.kill();
    t.deepEqual(await failuresOf(store), expected);
    await server.start();
    await holds('it answers again', works, IN_TIME);
  });
}

test('an SQLite file in which somebody else is writing for too long fails each write in time', async (t) => {
  const location = await temporaryDatabase(t, 'sqlite');
  const [database, other] = [openDatabase(location, { timeout: 200 }), openDatabase(location, { timeout: 5_000 })];
  t.teardown(() => Promise.all([database.close(), other.close()]));
  await migrate(other);
  const store = sqlSessionStore(database, Date);
  await other.transact(async ({ sql, query }) => {
    await query(sql.raw('insert into gatehouse_sessions values (?, ?, ?)', ['x', 'x', 1]));
    const [read, ...writes] = WAYS;
    t.is(await read?.(store), null);
    for (const way of writes) {
      const error = await t.throwsAsync(way(store), { name: 'GatewayError' });
      t.is(error.message, 'database unavailable');
    }
  });
  await t.notThrowsAsync(store.write('id', 'content', HOUR));
});

const SETTLED: [() => true, () => false] = [() => true, () => false];

/** What each operation fails with, those that do not and those that take too long included. */
function failuresOf(store: SessionStore): Promise<string[]> {
  return Promise.all(
    WAYS.map(async (way) => {
      const start = performance.now();
      const outcome = await way(store).then(
        () => 'no failure',
        ({ message, code, fault }) => `${message}: ${code}, ${fault}`,
      );
      return performance.now() - start < IN_TIME ? outcome : `${outcome}, late`;
    }),
  );
}
