import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { GatewayError } from '../../../gateway/domain/errors.ts';
import { openDatabase } from '../../../gateway/stores/database/connection.ts';
import { isUniqueViolation } from '../../../gateway/stores/database/failure.ts';
import { DATABASES, migratedDatabase, temporaryDatabase } from '../../lab/stores/database.ts';
import { stopwatch } from '../../lab/waiting/stopwatch.ts';

for (const kind of DATABASES) {
  test(`${kind}: a database that is there answers`, async (t) => {
    await t.notThrowsAsync((await migratedDatabase(t, kind)).ping());
  });

  test(`${kind}: times come back as numbers and texts as they were`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const time = 8_640_000_000_000_000;
    const text = 'ü 🔑 \\ \' " \n %_';
    const row = { jti: 'j', account_id: '1', name: text, issued_at: time, expires_at: 0, revoked_at: null };
    await database.query(database.sql('gatehouse_tokens').insert(row));
    const found: unknown = await database.query(
      database.sql('gatehouse_tokens').first('name', 'issued_at', 'expires_at'),
    );
    t.like(found, { name: text, issued_at: time, expires_at: 0 });
  });

  test(`${kind}: whatever the driver complains of is an outage, with its cause for the log alone`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const error = await outage(t, () => database.query(database.sql('no_such_table').select('*')));
    t.is(error.fault, 'database');
    t.deepEqual(error.headers, { 'Retry-After': '1' });
    t.true(error.cause instanceof Error && error.cause.message.includes('no_such_table'));
    t.false(isUniqueViolation(error));
    await t.notThrowsAsync(database.ping());
  });

  test(`${kind}: the values of a failed statement do not reach the log`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const insert = () => database.query(database.sql('gatehouse_tokens').insert({ jti: 'hunter2', expires_at: 1 }));
    const error = await outage(t, insert);
    t.false(String((error.cause as Error).message).includes('hunter2'));
  });

  test(`${kind}: a second row with a unique key is told apart from an outage`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const row = { jti: 'j', account_id: '1', name: null, issued_at: 1, expires_at: 2, revoked_at: null };
    await database.query(database.sql('gatehouse_tokens').insert(row));
    const error = await outage(t, () => database.query(database.sql('gatehouse_tokens').insert(row)));
    t.true(isUniqueViolation(error));
  });

  test(`${kind}: after closing, a query fails at once`, async (t) => {
    const database = openDatabase(await temporaryDatabase(t, kind), { timeout: 5000 });
    await database.ping();
    await database.close();
    await outage(t, () => database.ping());
  });
}

test('mysql: nobody listening is an outage at once', async (t) => {
  const location = { kind: 'mysql', host: '127.0.0.1', port: 1, user: 'u', password: 'p', database: 'd' } as const;
  const database = openDatabase(location, { timeout: 5000 });
  t.teardown(() => database.close());
  const taken = stopwatch();
  await outage(t, () => database.ping());
  t.true(taken() < 2500, `${taken()} ms`);
});

test('sqlite: the folder and the file are made for their owner alone', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-sqlite-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'new', 'gatehouse.sqlite');
  const database = openDatabase({ kind: 'sqlite', file }, { timeout: 5000 });
  t.teardown(() => database.close());
  await database.query(database.sql.raw('create table x (y)'));
  for (const made of [file, `${file}-wal`, `${file}-shm`]) t.is((await stat(made)).mode & 0o777, 0o600, made);
  t.is((await stat(join(folder, 'new'))).mode & 0o777, 0o700);
});

test('sqlite: a file that cannot be made is an error of the operator that names it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-sqlite-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'file'), '');
  const location = { kind: 'sqlite', file: join(folder, 'file', 'gatehouse.sqlite') } as const;
  const error = t.throws(() => openDatabase(location, { timeout: 5000 }), { name: 'OperatorError' });
  t.true(error?.message.includes(location.file));
});

test('sqlite: a file that is no database is an outage', async (t) => {
  const location = await temporaryDatabase(t, 'sqlite');
  if (location.kind !== 'sqlite') return;
  await writeFile(location.file, 'no database '.repeat(100));
  const database = openDatabase(location, { timeout: 5000 });
  t.teardown(() => database.close());
  await outage(t, () => database.ping());
});

test('sqlite: a query waits for another writer without blocking the process', async (t) => {
  const location = await temporaryDatabase(t, 'sqlite');
  const [database, writer] = [openDatabase(location, { timeout: 10_000 }), openDatabase(location, { timeout: 5000 })];
  t.teardown(() => Promise.all([database.close(), writer.close()]));
  await writer.query(writer.sql.raw('create table x (y integer)'));
  await writer.query(writer.sql.raw('begin immediate'));
  const inserting = database.query(database.sql('x').insert({ y: 1 }));
  let turns = 0;
  while (turns < 3) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    turns++;
  }
  await writer.query(writer.sql.raw('commit'));
  await t.notThrowsAsync(inserting);
  t.is((await database.query(database.sql('x').select('*'))).length, 1);
});

test('sqlite: a writer that does not end is an outage when the time is up, and readers do not notice', async (t) => {
  const location = await temporaryDatabase(t, 'sqlite');
  const [database, writer] = [openDatabase(location, { timeout: 300 }), openDatabase(location, { timeout: 5000 })];
  t.teardown(() => Promise.all([database.close(), writer.close()]));
  await writer.query(writer.sql.raw('create table x (y integer)'));
  await writer.query(writer.sql.raw('begin immediate'));
  await t.notThrowsAsync(database.ping());
  const taken = stopwatch();
  await outage(t, () => database.query(database.sql('x').insert({ y: 1 })));
  t.true(taken() < 2000, `${taken()} ms`);
  await writer.query(writer.sql.raw('rollback'));
  t.deepEqual(await database.query(database.sql('x').select('*')), []);
});

async function outage(t: ExecutionContext, work: () => Promise<unknown>): Promise<GatewayError> {
  const error = await t.throwsAsync(work, { instanceOf: GatewayError, message: 'database unavailable' });
  t.is(error?.status, 503);
  return error as GatewayError;
}
