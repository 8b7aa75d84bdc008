import test, { type ExecutionContext } from 'ava';
import type { Knex } from 'knex';
import { sqlAccountStore } from '../../../gateway/stores/accounts/store.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migrate } from '../../../gateway/stores/database/migrate.ts';
import { type PrivateDatabase, privateDatabase, SERVERS } from '../../lab/stores/private-database.ts';
import { serverProxy } from '../../lab/stores/server-proxy.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { stopwatch } from '../../lab/waiting/stopwatch.ts';

const TIMEOUT = 1500;
/** Two timeouts would be too many; the rest is for a machine with other things to do. */
const IN_TIME = TIMEOUT * 1.9;

for (const kind of SERVERS) {
  // One server, in whose ups and downs the parts follow each other.
  test.serial(`${kind}: outages of a server`, async (t) => {
    const server = await privateDatabase(t, kind);

    await partly(t, 'a restart between two requests costs neither a read nor a write', async () => {
      const database = await opened(t, server, 5000);
      const accounts = sqlAccountStore(database);
      await migrate(database);
      await Promise.all([1, 2, 3, 4].map(() => accounts.findById('1')));
      await server.stop();
      await server.start();
      t.is(await accounts.findById('1'), null);
      t.is((await accounts.add({ email: 'a@x', passwordHash: null, confirmed: false })).kind, 'added');
      await server.kill();
      await server.start();
      t.is((await accounts.add({ email: 'b@x', passwordHash: null, confirmed: false })).kind, 'added');
    });

    await partly(
      t,
      'connections that the server ended for their idleness, or an administrator did, are not used',
      async () => {
        const database = await opened(t, server, 5000);
        await Promise.all([1, 2, 3, 4].map(() => database.ping()));
        t.true((await server.endConnections()) > 0);
        for (let round = 0; round < 6; round++) await t.notThrowsAsync(database.ping());
      },
    );

    await partly(t, 'a read whose connection breaks is sent again once, a write is not', async () => {
      const broken = await serverProxy(t, server.location.port);
      const database = openDatabase({ ...server.location, port: broken.port }, { timeout: 5000 });
      t.teardown(() => database.close());
      await database.ping();
      broken.breakNext(1);
      await t.notThrowsAsync(database.ping());
      broken.breakNext(2);
      await t.throwsAsync(database.ping(), { message: 'database unavailable' });
      const count = async () => (await database.query(database.sql('gatehouse_accounts').select('id'))).length;
      const before = await count();
      broken.breakNext(1);
      const adding = sqlAccountStore(database).add({ email: 'c@x', passwordHash: null, confirmed: false });
      await t.throwsAsync(adding, { message: 'database unavailable' });
      t.is(await count(), before);

      broken.breakAnswers(1);
      await t.notThrowsAsync(database.ping());
      broken.breakAnswers(1);
      const added = sqlAccountStore(database).add({ email: 'd@x', passwordHash: null, confirmed: false });
      await t.throwsAsync(added, { message: 'database unavailable' });
      t.is(await count(), before + 1, 'it was done, once');
    });

    await partly(t, 'a server that hangs is an outage in time, for a new connection and for one in use', async () => {
      const [used, fresh] = [await opened(t, server, TIMEOUT), await opened(t, server, TIMEOUT)];
      await used.ping();
      server.pause();
      try {
        await Promise.all([inTime(t, () => used.ping()), inTime(t, () => fresh.ping())]);
        const taken = stopwatch();
        await Promise.all([used.close(), fresh.close()]);
        t.true(taken() < IN_TIME, `${taken()} ms`);
      } finally {
        server.continue();
      }
    });

    await partly(t, 'a pool that hung with the server is well again with it', async () => {
      const database = await opened(t, server, TIMEOUT);
      await database.ping();
      server.pause();
      try {
        await Promise.all(Array.from({ length: 25 }, () => inTime(t, () => database.ping())));
      } finally {
        server.continue();
      }
      await untilItAnswers(database);
      await Promise.all(Array.from({ length: 25 }, () => database.ping()));
    });

    await partly(t, 'a query finds no free connection: an outage in time, and nothing is sent afterwards', async () => {
      const database = await opened(t, server, TIMEOUT);
      const slow = await opened(t, server, 10_000);
      await slow.query(slow.sql.raw('create table pool_probe (y integer)'));
      const pool: Knex.Client = database.sql.client;
      const held = await Promise.all(Array.from({ length: 10 }, () => pool.acquireConnection()));
      await inTime(t, () => database.query(database.sql('pool_probe').insert({ y: 1 })));
      for (const connection of held) await pool.releaseConnection(connection);
      await database.ping();
      t.deepEqual(await slow.query(slow.sql('pool_probe').select('*')), []);
    });

    await partly(t, 'a write that waits for a lock is given up by the server too', async () => {
      const [database, other] = [await opened(t, server, TIMEOUT), await opened(t, server, 10_000)];
      await other.query(other.sql.raw('create table lock_probe (y integer primary key)'));
      await other.query(other.sql('lock_probe').insert({ y: 1 }));
      await other.transact(async ({ sql, query }) => {
        await query(sql('lock_probe').forUpdate());
        await inTime(t, () => database.query(database.sql('lock_probe').update({ y: 2 })));
        const isWaiting = async () =>
          (await server.runningStatements()).some((text) => /^update .lock_probe/.test(text));
        await holds('the server has given it up', async () => !(await isWaiting()));
      });
      t.deepEqual(await other.query(other.sql('lock_probe').pluck('y')), [1]);
    });

    await partly(
      t,
      'more at the same time than the user may have connections waits for those that there are',
      async () => {
        const administrator = await opened(t, server, 10_000);
        const run = (statement: string) => administrator.query(administrator.sql.raw(statement));
        await run(LIMITED_USER[kind]);
        await run('create table crowded (id integer)');
        await run('grant all on crowded to limited');
        const openAs = (timeout: number) => {
          const database = openDatabase({ ...server.location, user: 'limited' }, { timeout });
          t.teardown(() => database.close());
          return database;
        };
        const database = openAs(10_000);
        const insert = (id: number) => database.sql('crowded').insert({ id });
        const ways = [
          (id: number) => database.query<unknown>(insert(id)),
          (id: number) => database.transact<unknown>(({ query }) => query(insert(id))),
        ];
        await Promise.all(Array.from({ length: 20 }, (_, id) => ways.map((way) => way(id))).flat());
        t.is((await administrator.query(administrator.sql('crowded').pluck('id'))).length, 40);

        const nap = database.sql.raw(`select ${kind === 'mysql' ? 'sleep' : 'pg_sleep'}(3)`);
        const all = Array.from({ length: 3 }, () => database.query(nap));
        await holds('all connections are in use', async () => {
          return (await server.runningStatements()).filter((text) => /^select (pg_)?sleep/.test(text)).length === 3;
        });
        const error = await t.throwsAsync(openAs(1_000).ping(), { message: 'database unavailable' });
        t.regex(String((error.cause as Error).message), /limited.*: each process of the gateway opens up to ten/);
        await Promise.all(all);
      },
    );

    await partly(t, 'a server that is down is an outage, and its return is noticed', async () => {
      const database = await opened(t, server, TIMEOUT);
      await database.ping();
      await server.kill();
      await inTime(t, () => database.ping());
      await server.start();
      await untilItAnswers(database);
      t.pass();
    });
  });
}

/** Creates a user who may have three connections. */
const LIMITED_USER = {
  mysql: 'create user limited with max_user_connections 3',
  postgres: 'create role limited login connection limit 3',
} as const;

/** Names what failed, since the parts share one test. */
async function partly(t: ExecutionContext, name: string, part: () => Promise<void>): Promise<void> {
  t.log(name);
  await part();
}

async function opened(t: ExecutionContext, server: PrivateDatabase, timeout: number): Promise<Database> {
  const database = openDatabase(server.location, { timeout });
  t.teardown(() => database.close());
  return database;
}

async function inTime(t: ExecutionContext, work: () => Promise<unknown>): Promise<void> {
  const taken = stopwatch();
  await t.throwsAsync(work, { name: 'GatewayError', message: 'database unavailable' });
  t.true(taken() < IN_TIME, `${taken()} ms`);
}

async function untilItAnswers(database: Database): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    const answered = await database.ping().then(
      () => true,
      () => false,
    );
    if (answered) return;
  }
  throw new Error('the database does not answer again');
}
