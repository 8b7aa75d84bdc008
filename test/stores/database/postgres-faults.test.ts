import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { fileScope } from '../../lab/scope.ts';
import { type PrivatePostgres, privatePostgres } from '../../lab/stores/postgres.ts';
import { holds } from '../../lab/waiting/condition.ts';

const TIMEOUT = 5_000;

const scope = fileScope();
let server: PrivatePostgres;

test.before(async () => {
  server = await privatePostgres(scope);
});

test.serial(
  'a server that ends all connections in the midst of writes does none twice, and loses none that it confirmed',
  async (t) => {
    const { database } = await asRole(t, '');
    await inDatabase(database, 'create table marks (id integer not null)');
    const confirmed: number[] = [];
    const write = async (id: number) => {
      const insert = database.sql('marks').insert({ id });
      const work =
        id % 2 === 0
          ? database.query(insert)
          : database.transact(async ({ query }) => {
              await query(insert);
            });
      await work.then(
        () => confirmed.push(id),
        () => {},
      );
    };
    const writing = (async () => {
      for (let id = 0; id < 400; id += 20) await Promise.all(Array.from({ length: 20 }, (_, i) => write(id + i)));
    })();
    let ended = 0;
    for (let round = 0; round < 5; round++) {
      const found = await server.administer(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename like 'role_%'",
      );
      ended += found.length;
      await delay(20);
    }
    await writing;
    t.true(ended > 0);
    const ids = await database.query(database.sql('marks').pluck('id'));
    t.is(new Set(ids).size, ids.length);
    t.deepEqual(
      confirmed.filter((id) => !ids.includes(id)),
      [],
    );
    t.true(confirmed.length > 200, `${confirmed.length}`);
  },
);

test.serial(
  'the time-outs of a role end neither a transaction that waits nor a pooled connection that is used next',
  async (t) => {
    const { database, role } = await asRole(t, 'set idle_in_transaction_session_timeout = 100');
    await server.administer(`alter role ${role} set idle_session_timeout = 150`);
    await server.administer(`alter role ${role} set lock_timeout = 1`);
    await inDatabase(database, 'create table slow (id integer not null)');
    await database.transact(async ({ sql, query }) => {
      await query(sql('slow').insert({ id: 1 }));
      await delay(300);
      await query(sql('slow').insert({ id: 2 }));
    });
    await Promise.all([1, 2, 3].map(() => database.ping()));
    const connections = () => server.administer(`select 1 from pg_stat_activity where usename = '${role}'`);
    await holds('the server has ended the idle connections', async () => (await connections()).length === 0);
    await database.query(database.sql('slow').insert({ id: 3 }));
    t.deepEqual(await database.query(database.sql('slow').pluck('id')), [1, 2, 3]);
  },
);

test.serial(
  'a role whose transactions are serializable, or read repeatably, does all that is asked at the same time',
  async (t) => {
    for (const level of ['serializable', 'repeatable read']) {
      const { database } = await asRole(t, `set default_transaction_isolation = '${level}'`);
      await inDatabase(database, 'create table counter (n integer not null)');
      await inDatabase(database, 'insert into counter values (0)');
      const add = () => database.query(database.sql('counter').increment('n', 1));
      const addInTransaction = () =>
        database.transact(async ({ sql, query }) => {
          const row = await query(sql('counter').forUpdate().first('n'));
          await query(sql('counter').update({ n: row.n + 1 }));
        });
      await Promise.all(Array.from({ length: 20 }, () => [add(), addInTransaction()]).flat());
      t.deepEqual(await database.query(database.sql('counter').pluck('n')), [40], level);
    }
  },
);

test.serial('a serialization failure is tried again', async (t) => {
  const { database } = await asRole(t, '');
  await failing(database, '40001', 2);
  await database.transact(async ({ sql, query }) => {
    await query(sql('failing').insert({ id: 1 }));
  });
  await failing(database, '40001', 2);
  await database.query(database.sql('failing').insert({ id: 2 }));
  t.deepEqual(await database.query(database.sql('failing').pluck('id')), [2]);
});

test.serial(
  'a full disk, too little memory and a statement that took too long are outages that name their reason, and end',
  async (t) => {
    const { database } = await asRole(t, '');
    for (const [code, message] of [
      ['53100', 'could not extend file "base/1/2": No space left on device'],
      ['53200', 'out of shared memory'],
      ['57014', 'canceling statement due to statement timeout'],
      ['58030', 'could not read block 7 in file "base/1/2": Input/output error'],
    ] as const) {
      await failing(database, code, 1, message);
      const insert = () => database.query(database.sql('failing').insert({ id: 1 }));
      const error = await t.throwsAsync(insert, { name: 'GatewayError', message: 'database unavailable' });
      t.true(String((error.cause as Error).message).endsWith(message));
      await t.notThrowsAsync(insert);
    }
  },
);

test.serial('a database whose transactions only read refuses each write, and says so', async (t) => {
  const { database, role } = await asRole(t, '');
  await inDatabase(database, 'create table fenced (id integer not null)');
  await server.administer(`alter role ${role} set default_transaction_read_only = on`);
  await server.administer(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${role}'`);
  const ways = [
    () => database.query(database.sql('fenced').insert({ id: 1 })),
    () =>
      database.transact(async ({ sql, query }) => {
        await query(sql('fenced').insert({ id: 1 }));
      }),
  ];
  for (const way of ways) {
    const error = await t.throwsAsync(way, { message: 'database unavailable' });
    t.regex(String((error.cause as Error).message), /read-only transaction/);
  }
  t.deepEqual(await database.query(database.sql('fenced').pluck('id')), []);
});

test.serial(
  'a commit that waits for a standby that is gone, and then for a server that was killed, is done once at most',
  async (t) => {
    const { database, role } = await asRole(t, '');
    await inDatabase(database, 'create table commits (id integer not null)');
    const hasty = openDatabase({ ...server.location, user: role }, { timeout: 1_000 });
    t.teardown(() => hasty.close());
    await hasty.ping();
    await server.administer("alter system set synchronous_standby_names = 'nobody'");
    await server.administer('select pg_reload_conf()');
    const insert = (into: Database, id: number) =>
      into.transact(async ({ sql, query }) => {
        await query(sql('commits').insert({ id }));
      });
    const out = { message: 'database unavailable' };
    let last = 0;
    const waits = () =>
      insert(hasty, ++last).then(
        () => false,
        ({ message }: Error) => message === out.message,
      );
    await holds('commits wait for the standby, once the server has read the setting', waits);
    await t.throwsAsync(hasty.query(hasty.sql('commits').insert({ id: ++last })), out);
    const cut = t.throwsAsync(insert(database, ++last), out);
    const waiting = `select 1 from pg_stat_activity where usename = '${role}' and wait_event = 'SyncRep' and query = 'commit'`;
    await holds('the commit waits for the standby', async () => (await server.administer(waiting)).length > 0);
    await server.administer('alter system reset synchronous_standby_names');
    await server.kill();
    await cut;
    await server.start();
    last++;
    await holds('it is written again', () => insert(database, last).then(...SETTLED));
    const ids = await database.query(database.sql('commits').orderBy('id').pluck('id'));
    t.deepEqual(ids, [...new Set(ids)]);
    t.is(ids.at(-1), last);
  },
);

const SETTLED: [() => true, () => false] = [() => true, () => false];
let roles = 0;

/** Opens the database as a role of its own, which is not a superuser. @param option of `alter role` */
async function asRole(t: ExecutionContext, option: string): Promise<{ database: Database; role: string }> {
  const role = `role_${++roles}`;
  await server.administer(`create role ${role} login`);
  if (option !== '') await server.administer(`alter role ${role} ${option}`);
  const administrator = openDatabase(server.location, { timeout: TIMEOUT });
  await inDatabase(administrator, `create schema ${role} authorization ${role}`);
  await administrator.close();
  const database = openDatabase({ ...server.location, user: role }, { timeout: TIMEOUT });
  t.teardown(() => database.close());
  return { database, role };
}

function inDatabase(database: Database, statement: string): Promise<unknown> {
  return database.query(database.sql.raw(statement));
}

/** Makes an empty table `failing`, whose first insertions fail with this SQLSTATE. */
async function failing(database: Database, code: string, times: number, message = 'not now'): Promise<void> {
  const statements = [
    'drop table if exists failing',
    'drop sequence if exists attempts',
    'create table failing (id integer not null)',
    'create sequence attempts',
    `create or replace function fail() returns trigger language plpgsql as $$ begin
       if nextval('attempts') <= ${times} then raise exception using errcode = '${code}', message = '${message}'; end if;
       return new; end $$`,
    'create trigger fail before insert on failing for each row execute function fail()',
  ];
  for (const statement of statements) await inDatabase(database, statement.replaceAll('?', '\\?'));
}
