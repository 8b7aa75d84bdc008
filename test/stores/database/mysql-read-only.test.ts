import test, { type ExecutionContext } from 'ava';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { privateMariadb } from '../../lab/stores/mariadb.ts';

const OUT = { name: 'GatewayError', message: 'database unavailable' };

// One server, in whose ups and downs the parts follow each other.
test('connections that lead to a MySQL server which only reads are left for new ones at the first write', async (t) => {
  const server = await privateMariadb(t);
  const administrator = opened(t, server.location);
  await run(administrator, 'create table entries (value integer)');
  await run(administrator, 'insert into entries values (1)');
  // `read_only` is not for root.
  await run(administrator, "create user gateway@'%'");
  await run(administrator, "grant all on gatehouse.* to gateway@'%'");
  const database = opened(t, { ...server.location, user: 'gateway' });
  const update = (value: number) => database.query(database.sql('entries').update({ value }));
  const values = () => database.query<number[]>(database.sql('entries').pluck('value'));

  t.log('sessions that only read: the write reaches a new one');
  await Promise.all([1, 2, 3].map(() => run(database, 'set session transaction read only')));
  await t.notThrowsAsync(update(2));
  await Promise.all([1, 2, 3].map(() => run(database, 'set session transaction read only')));
  await t.notThrowsAsync(database.transact(({ sql, query }) => query(sql('entries').update({ value: 3 }))));

  t.log('a demoted server refuses the write, and none of its connections is used again');
  await run(administrator, 'set global read_only = on');
  const before = await connectionIds(database);
  t.regex(await causeOf(t, update(4)), /--read-only/);
  t.deepEqual(await values(), [3]);
  const after = await connectionIds(database);
  t.false(after.some((id) => before.includes(id)));
  await run(administrator, 'set global read_only = off');
  await t.notThrowsAsync(update(5));

  t.log('so it is with the other errors of such servers, but not with those of other options');
  for (const [errno, text, isReplaced] of [
    [1290, 'The MySQL server is running with the --super-read-only option so it cannot execute this statement', true],
    [1836, 'Running in read-only mode', true],
    [1290, 'The MySQL server is running with the --secure-file-priv option so it cannot execute this statement', false],
  ] as const) {
    const known = await connectionIds(database);
    const refused = run(database, `signal sqlstate 'HY000' set mysql_errno = ${errno}, message_text = '${text}'`);
    t.true((await causeOf(t, refused)).endsWith(text));
    const next = await connectionIds(database);
    t.is(!next.some((id) => known.includes(id)), isReplaced, text);
  }
});

function opened(t: ExecutionContext, location: Parameters<typeof openDatabase>[0]): Database {
  const database = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => database.close());
  return database;
}

function run({ sql, query }: Database, statement: string): Promise<unknown> {
  return query(sql.raw(statement));
}

/** Of three connections at once. */
async function connectionIds({ sql, query }: Database): Promise<number[]> {
  const found = await Promise.all(
    [1, 2, 3].map(() => query<{ id: number }[][]>(sql.raw('select connection_id() as id'))),
  );
  return found.flatMap(([rows = []]) => rows.map(({ id }) => id));
}

/** What the log says of an outage. */
async function causeOf(t: ExecutionContext, work: Promise<unknown>): Promise<string> {
  const error = await t.throwsAsync(work, OUT);
  return error?.cause instanceof Error ? error.cause.message : '';
}
