import test, { type ExecutionContext } from 'ava';
import { createConnection } from 'mysql2/promise';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import type { DatabaseLocation } from '../../../gateway/settings/schema/addresses.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { temporaryDatabase } from '../../lab/stores/database.ts';
import { type PrivateMariadb, privateMariadb } from '../../lab/stores/mariadb.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { stopwatch } from '../../lab/waiting/stopwatch.ts';

const TIMEOUT = 700;
/** Milliseconds that an answer may come later than asked for, on a machine under load. */
const SLACK = 800;
const OUT = { name: 'GatewayError', message: 'database unavailable' };

for (const kind of ['sqlite', 'mysql'] as const) {
  test(`${kind}: what is done in a transaction is there for others when it has resolved, and not before`, async (t) => {
    const { database, other } = await withTable(t, await temporaryDatabase(t, kind), 5_000);
    const result = await database.transact(async ({ sql, ask }) => {
      await ask(sql('entries').insert({ id: 1 }));
      t.deepEqual(await idsIn(other), []);
      await ask(sql('entries').insert({ id: 2 }));
      return 'done';
    });
    t.is(result, 'done');
    t.deepEqual(await idsIn(other), [1, 2]);
  });

  test(`${kind}: nothing of a transaction that threw is left, and what it threw arrives as it is`, async (t) => {
    const tested = await withTable(t, await temporaryDatabase(t, kind), 5_000);
    const { database } = tested;
    const thrown = new OperatorError('no such account');
    const refused = database.transact(async ({ sql, ask }) => {
      await ask(sql('entries').insert({ id: 1 }));
      throw thrown;
    });
    t.is(await t.throwsAsync(refused), thrown);
    t.deepEqual(await idsIn(database), []);
    await eachConnectionIsClean(t, tested);
  });

  test(`${kind}: a statement that fails undoes the ones before it`, async (t) => {
    const tested = await withTable(t, await temporaryDatabase(t, kind), 5_000);
    const { database } = tested;
    const twice = database.transact(async ({ sql, ask }) => {
      await ask(sql('entries').insert({ id: 1 }));
      await ask(sql('entries').insert({ id: 1 }));
    });
    await t.throwsAsync(twice, OUT);
    t.deepEqual(await idsIn(database), []);
    await eachConnectionIsClean(t, tested);
  });

  test(`${kind}: many transactions at once on one row lose nothing`, async (t) => {
    const { database } = await withTable(t, await temporaryDatabase(t, kind), 10_000);
    await database.ask(database.sql('entries').insert({ id: 0, value: 0 }));
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        database.transact(async ({ sql, ask }) => {
          await ask(sql('entries').where('id', 0).increment('value', 1));
          await ask(sql('entries').insert({ id: i + 1 }));
        }),
      ),
    );
    t.deepEqual(await database.ask(database.sql('entries').where('id', 0).pluck('value')), [20]);
    t.is((await idsIn(database)).length, 21);
  });
}

test('sqlite: a transaction waits for another process that writes, and gives up in time', async (t) => {
  const tested = await withTable(t, await temporaryDatabase(t, 'sqlite'), TIMEOUT);
  const { database, other: writer } = tested;
  const gate = Promise.withResolvers<void>();
  const began = Promise.withResolvers<void>();
  const writing = writer.transact(async ({ sql, ask }) => {
    await ask(sql('entries').insert({ id: 1 }));
    began.resolve();
    await gate.promise;
  });
  await began.promise;

  await inTime(t, () => insert(database, 2));
  const waiting = insert(database, 3);
  gate.resolve();
  await Promise.all([writing, waiting]);
  t.deepEqual(await idsIn(database), [1, 3]);
  await eachConnectionIsClean(t, tested);
});

test('sqlite: a transaction whose work takes too long leaves nothing behind, and the next one is unharmed', async (t) => {
  const tested = await withTable(t, await temporaryDatabase(t, 'sqlite'), TIMEOUT);
  const { database } = tested;
  const slow = database.transact(async ({ sql, ask }) => {
    await ask(sql('entries').insert({ id: 1 }));
    const until = performance.now() + TIMEOUT + 50;
    await holds('it takes too long', () => performance.now() > until);
    throw new Error('given up');
  });
  await t.throwsAsync(slow);
  t.deepEqual(await idsIn(database), []);
  await eachConnectionIsClean(t, tested);
});

test('mysql: a transaction on a server that fails in every way ends in time, and its connection is not used again', async (t) => {
  const server = await privateMariadb(t);
  const tested = await withTable(t, server.location, TIMEOUT);
  const { database } = tested;
  const probe = openDatabase(server.location, { timeout: 100 });
  t.teardown(() => probe.close());

  t.log('the server hangs before it begins');
  await database.ping();
  await hang(probe, server);
  await inTime(t, () => insert(database, 1));
  server.continue();
  await untilNoTransactionIsOpen(server);
  await eachConnectionIsClean(t, tested);

  t.log('the server hangs in its midst');
  const hung = () =>
    database.transact(async ({ sql, ask }) => {
      await ask(sql('entries').insert({ id: 2 }));
      await hang(probe, server);
      await ask(sql('entries').insert({ id: 3 }));
    });
  await inTime(t, hung);
  server.continue();
  await untilNoTransactionIsOpen(server);
  t.deepEqual(await idsIn(database), []);
  await eachConnectionIsClean(t, tested);

  t.log('the server hangs at the commit, which may be done or not, and in one piece');
  const atCommit = () =>
    database.transact(async ({ sql, ask }) => {
      await ask(sql('entries').insert([{ id: 4 }, { id: 5 }]));
      await hang(probe, server);
    });
  await inTime(t, atCommit);
  server.continue();
  await untilNoTransactionIsOpen(server);
  t.true([0, 2].includes((await idsIn(database)).length));
  await database.ask(database.sql('entries').delete());
  await eachConnectionIsClean(t, tested);

  t.log('its connection is cut');
  const cut = () =>
    database.transact(async ({ sql, ask }) => {
      await ask(sql('entries').insert({ id: 6 }));
      const [id] = await ask(sql.select(sql.raw('connection_id() as id')).pluck('id'));
      await asAdministrator(server, `kill ${id}`);
      await ask(sql('entries').insert({ id: 7 }));
    });
  await inTime(t, cut);
  t.deepEqual(await idsIn(database), []);
  await eachConnectionIsClean(t, tested);

  t.log('the server is gone');
  await server.kill();
  await inTime(t, () => insert(database, 8));
  await server.start();
  await untilDone(() => insert(database, 9));
  // A server of the tests keeps its last second in memory, so the rows deleted above may be back.
  t.deepEqual(
    (await idsIn(database)).filter((id) => id === 8 || id === 9),
    [9],
  );
});

interface TestDatabase {
  readonly database: Database;
  /** The same one, through connections of its own. */
  readonly other: Database;
}

async function withTable(t: ExecutionContext, location: DatabaseLocation, timeout: number): Promise<TestDatabase> {
  const database = openDatabase(location, { timeout });
  const other = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => Promise.all([database.close(), other.close()]));
  await other.ask(other.sql.raw('create table entries (id integer not null primary key, value integer)'));
  return { database, other };
}

function insert(database: Database, id: number): Promise<void> {
  return database.transact(async ({ sql, ask }) => {
    await ask(sql('entries').insert({ id }));
  });
}

function idsIn({ sql, ask }: Database): Promise<number[]> {
  return ask(sql('entries').orderBy('id').pluck('id'));
}

/** What is written on any of the pool's connections is there for others: none of them is left within a transaction. */
async function eachConnectionIsClean(t: ExecutionContext, { database, other }: TestDatabase): Promise<void> {
  // Each of the ten keeps its connection busy, so that the next takes another one.
  const nap = database.kind === 'mysql' ? 'sleep(0.05)' : '0';
  const ids = Array.from({ length: 10 }, (_, i) => 1_000 + i);
  const write = (id: number) => database.sql.raw(`insert into entries (id, value) select ${id}, ${nap}`);
  await Promise.all(ids.map((id) => database.ask<unknown>(write(id))));
  const seen = (await idsIn(other)).filter((id) => id >= 1_000);
  t.deepEqual(seen, ids);
  await other.ask(other.sql('entries').where('id', '>=', 1_000).delete());
}

async function asAdministrator({ location }: PrivateMariadb, statement: string): Promise<unknown> {
  const { host, port, user } = location;
  const connection = await createConnection({ host, port, user });
  try {
    return (await connection.query(statement))[0];
  } finally {
    await connection.end();
  }
}

/** Resolves when it answers nothing any more: a signal takes effect at a moment of its own. */
async function hang(probe: Database, server: PrivateMariadb): Promise<void> {
  server.pause();
  const answers = () =>
    probe.ping().then(
      () => true,
      () => false,
    );
  while (await answers());
}

async function untilNoTransactionIsOpen(server: PrivateMariadb): Promise<void> {
  const open = async () => {
    const rows = await asAdministrator(server, 'select trx_id from information_schema.innodb_trx');
    return (rows as unknown[]).length;
  };
  await untilDone(async () => {
    if ((await open()) > 0) throw new Error('a transaction is open');
  });
}

async function untilDone(work: () => Promise<void>): Promise<void> {
  for (const until = performance.now() + 20_000; ; ) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function inTime(t: ExecutionContext, work: () => Promise<unknown>): Promise<void> {
  const taken = stopwatch();
  await t.throwsAsync(work, OUT);
  t.true(taken() < TIMEOUT + SLACK, `${taken()} ms`);
}
