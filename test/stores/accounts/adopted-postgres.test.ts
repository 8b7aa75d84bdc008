import test, { type ExecutionContext } from 'ava';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import type { PostgresLocation } from '../../../gateway/settings/schema/postgres-url.ts';
import { adoptedAccounts } from '../../../gateway/stores/accounts/adopted.ts';
import { type AdoptedTable, openTable } from '../../../gateway/stores/accounts/adopted-table.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migrate } from '../../../gateway/stores/database/migrate.ts';
import { temporaryPostgres } from '../../lab/stores/database.ts';

const UUID = '0b9c6a5e-41c7-4e0e-9a55-4c1d3b9e7f10';

const PEOPLE: AdoptedTable = {
  name: 'people',
  columns: { id: 'id', email: 'email', logins: ['email'], password: 'hash' },
  idForm: null,
  confirmed: { expression: 'true' },
  groups: null,
};

async function database(t: ExecutionContext, ...statements: string[]): Promise<Database> {
  return await openedWith(t, await temporaryPostgres(t), ...statements);
}

async function openedWith(t: ExecutionContext, location: PostgresLocation, ...statements: string[]): Promise<Database> {
  const opened = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => opened.close());
  for (const statement of statements) await opened.sql.raw(statement);
  return opened;
}

/** The emails of the accounts that have these ids. */
async function emailsOf(opened: Database, ids: readonly string[], table = PEOPLE) {
  const accounts = await adoptedAccounts(opened, table);
  return await Promise.all(ids.map(async (id) => (await accounts.findById(id))?.email ?? null));
}

test('an id that its type cannot have finds nothing, and one beyond 2^53 is the id that it is', async (t) => {
  const ids: [type: string, id: string, others: string[]][] = [
    ['smallint', '7', ['40000', '99999999999999999999', 'x', '07']],
    ['integer', '7', ['3000000000', '-3000000000', '7.0', UUID]],
    ['bigint', '9007199254740993', ['9007199254740992', '9223372036854775808', '-9223372036854775809']],
    ['numeric(30,0)', '900719925474099300000000001', ['900719925474099300000000002', '1e3', 'NaN', 'x']],
    ['uuid', UUID, [UUID.toUpperCase(), `{${UUID}}`, UUID.replaceAll('-', ''), `${UUID}0`, '7', 'x']],
    ['text', 'usr_1', ['USR_1', 'usr_1 ', 'usr_2']],
    ['varchar(40)', 'usr_1', ['USR_1', 'usr_1 ']],
    ['char(40)', 'usr_1', ['USR_1', 'usr_1 ']],
    ['name', 'usr_1', ['USR_1']],
    ['positive', '7', ['8', '99999999999']],
    ['key', 'usr_1', ['USR_1', 'x'.repeat(255)]],
    ['mood', 'sad', ['SAD', 'angry']],
  ];
  const opened = await database(
    t,
    'create domain positive as integer check (value > 0)',
    'create domain base as text',
    'create domain key as base',
    "create type mood as enum ('sad', 'happy')",
  );
  for (const [type, id, others] of ids) {
    await opened.sql.raw(`create table people (id ${type}, email text, hash text)`);
    await opened.sql('people').insert([
      { id, email: 'a@x' },
      { id: null, email: null },
    ]);
    t.deepEqual(await emailsOf(opened, [id, ...others, 'é', '']), ['a@x', ...others.map(() => null), null, null], type);
    const accounts = await adoptedAccounts(opened, PEOPLE);
    t.is((await accounts.findByLogin('A@X'))?.id, id, type);
    const table = await openTable(opened, PEOPLE);
    t.is((await Array.fromAsync(table.chunks())).flat().length, 1, type);
    t.is(await table.countWithoutId(), 1);
    t.is((await table.sharedIds()).size, 0);
    await opened.sql.raw('drop table people');
  }
});

const NONDETERMINISTIC = "create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";

test('an email is found in every spelling, by an index where there is one, and a second spelling makes it ambiguous', async (t) => {
  const cases: [type: string, index: string][] = [
    ['text', 'on people (lower(email))'],
    ['varchar(99)', 'on people (lower(email))'],
    ['varchar(99) collate "und-x-icu"', 'on people (lower(email))'],
    ['char(40)', 'on people (lower(email))'],
    ['ext.citext', 'on people (email)'],
    ['address', 'on people (email)'],
    ['text collate nocase', 'on people (email)'],
  ];
  const opened = await database(
    t,
    'create schema ext',
    'create extension citext schema ext',
    'create domain address as ext.citext',
    NONDETERMINISTIC,
  );
  for (const [type, index] of cases) {
    await opened.sql.raw(`create table people (id int primary key, email ${type}, hash text)`);
    await opened.sql.raw(`insert into people select n, 'User' || n || '@Example.com' from generate_series(1, 2000) n`);
    await opened.sql('people').insert([
      { id: 3001, email: 'Ümit@x' },
      { id: 3002, email: 'O@x' },
    ]);
    await opened.sql.raw(`create index ${index}`);
    await opened.sql.raw('analyze people');
    const accounts = await adoptedAccounts(opened, PEOPLE);
    t.is((await accounts.findByLogin('uSER77@example.COM'))?.id, '77', type);
    for (const same of ['ümit@X', 'ÜMIT@X', 'U\u0308mit@x']) {
      t.is((await accounts.findByLogin(same))?.id, '3001', `${type} ${same}`);
    }
    for (const other of ['umit@x', 'o@x ', 'ö@x', 'o@x\0', "o@x' or '1'='1", '%', '\ud800@x']) {
      t.is(await accounts.findByLogin(other), null, `${type} ${JSON.stringify(other)}`);
    }
    const table = await openTable(opened, PEOPLE);
    const { sql, bindings } = table
      .rows()
      .whereRaw(table.logins[0]?.find('uSER77@example.COM') ?? opened.sql.raw('false'))
      .toSQL();
    const plan = await opened.sql.raw(`explain ${sql}`, bindings as string[]);
    t.regex(JSON.stringify(plan.rows), /Index Scan|Bitmap Index Scan/, type);
    await opened.sql('people').insert({ id: 3003, email: 'USER77@example.com' });
    t.is(await accounts.findByLogin('user77@example.com'), null, type);
    await opened.sql.raw('drop table people');
  }
});

test('emails are found in a collation whose lower case is not that of others', async (t) => {
  const opened = await database(t, 'create table people (id int, email text collate "tr-x-icu", hash text)');
  await opened.sql('people').insert([
    { id: 1, email: 'InfI@x' },
    { id: 2, email: 'bob@x' },
  ]);
  const accounts = await adoptedAccounts(opened, PEOPLE);
  t.is((await accounts.findByLogin('infi@x'))?.id, '1');
  await opened.sql('people').insert({ id: 3, email: 'iNFi@X' });
  t.is(await accounts.findByLogin('infi@x'), null);
});

test('a database in LATIN1 finds the emails that it can store, and no others', async (t) => {
  const opened = openDatabase(await temporaryPostgres(t, 'LATIN1'), { timeout: 10_000 });
  t.teardown(() => opened.close());
  await opened.sql.raw('create table people (id int, email text, hash text)');
  await opened.sql('people').insert([
    { id: 1, email: 'ümit@x' },
    { id: 2, email: 'Bob@x' },
  ]);
  const accounts = await adoptedAccounts(opened, PEOPLE);
  for (const email of ['ümit@x', 'u\u0308mit@X', 'ÜMIT@x']) t.is((await accounts.findByLogin(email))?.id, '1', email);
  t.is((await accounts.findByLogin('bOB@x'))?.id, '2');
  for (const email of ['日本@x', 'umit@x', 'ş@x']) t.is(await accounts.findByLogin(email), null, email);
});

test('names in mixed case, with dots and spaces, and reserved words are the names that they are', async (t) => {
  const opened = await database(
    t,
    'create schema "my.app"',
    'create table "my.app"."User" ("userId" int, "e.mail" text, "password hash" text, "select" boolean)',
    `insert into "my.app"."User" values (1, 'Ada@x', 'h', true), (2, 'bob@x', 'h', false)`,
    'create table "user" (id int, "Email" text, email text, hash text)',
    `insert into "user" values (1, 'wrong@x', 'right@x', 'h')`,
    'create table "group" ("order" int, "my.name" text)',
    `insert into "group" values (1, 'staff')`,
  );
  const accounts = await adoptedAccounts(opened, {
    ...PEOPLE,
    name: '"my.app".User',
    columns: { id: 'userId', email: 'e.mail', logins: ['e.mail'], password: 'password hash' },
    confirmed: { column: 'select' },
    groups: { table: 'group', account: 'order', name: 'my.name' },
  });
  t.like(await accounts.findByLogin('ada@x'), { id: '1', passwordHash: 'h', confirmed: true, groups: ['staff'] });
  t.like(await accounts.findById('2'), { email: 'bob@x', confirmed: false, groups: [] });
  t.is((await (await adoptedAccounts(opened, { ...PEOPLE, name: 'user' })).findById('1'))?.email, 'right@x');
  const missing = await t.throwsAsync(adoptedAccounts(opened, { ...PEOPLE, name: 'User' }));
  t.is(
    missing.message,
    'accounts.table: there is no table User that the gateway may read in the database; there are group, user, my.app.User.',
  );
});

test('views, materialised views, partitioned and foreign tables, and generated columns are read', async (t) => {
  const location = await temporaryPostgres(t);
  const opened = await openedWith(
    t,
    location,
    'create table raw (key int, address text, lowered text generated always as (lower(address)) stored, hash text)',
    `insert into raw (key, address, hash) values (1, 'Ada@x', 'h')`,
    'create view people as select key as id, address as email, hash from raw',
    'create materialized view saved as select * from people',
    'create table parts (id int, email text, hash text) partition by range (id)',
    'create table parts_1 partition of parts for values from (0) to (100)',
    `insert into parts values (1, 'Ada@x', 'h')`,
    'create extension postgres_fdw',
  );
  const { host, port, user, password } = location;
  await opened.sql.raw(
    `create server here foreign data wrapper postgres_fdw options (host '${host}', port '${port}', dbname '${location.database}')`,
  );
  await opened.sql.raw(
    `create user mapping for current_user server here options (user '${user}', password '${password}')`,
  );
  await opened.sql.raw(
    `create foreign table far (id int, email text, hash text) server here options (table_name 'parts')`,
  );
  for (const relation of ['people', 'saved', 'parts', 'far']) {
    const accounts = await adoptedAccounts(opened, { ...PEOPLE, name: relation });
    t.like(await accounts.findByLogin('ADA@x'), { id: '1', email: 'Ada@x', passwordHash: 'h' }, relation);
  }
  const columns = { id: 'key', email: 'lowered', logins: ['lowered'], password: 'hash' };
  const generated = await adoptedAccounts(opened, { ...PEOPLE, name: 'raw', columns });
  t.is((await generated.findByLogin('Ada@x'))?.email, 'ada@x');
});

test('every type of a confirmed column tells who is, whatever the DateStyle', async (t) => {
  const cases: [type: string, yes: unknown[], no: unknown[]][] = [
    ['boolean', [true], [false, null]],
    ['timestamp', ['2024-02-29 12:00:00', '12024-01-01'], ['infinity', '-infinity', '0001-01-01', null]],
    ['timestamptz', ['2024-02-29 12:00:00+02'], ['infinity', '-infinity', null]],
    ['date', ['2024-02-29'], ['infinity', '0001-01-01', null]],
    ['state', ['yes'], ['no', 'pending', null]],
    ['numeric(5,2)', ['0.50', '-1'], ['0.00', 'NaN', null]],
    ['smallint', [1, -1], [0, null]],
    ['bigint', ['9223372036854775807', 1], [0, null]],
    ['double precision', [0.5, 1e20], [0, 'NaN', null]],
    ['text', ['t', 'yes', '1', '2024-01-01'], ['', '0', 'f', 'infinity', null]],
    ['char(9)', ['yes'], ['no', '']],
    ['"char"', ['t'], ['f', null]],
    ['bit(1)', ['1'], ['0', null]],
    ['bytea', ['yes', '1'], ['no', '0', '']],
    ['jsonb', ['true', '1', '"yes"'], ['false', '0', '"no"', 'null', '{}', '[]']],
    ['json', ['true', '1', '"yes"'], ['false', '0', '"no"', 'null', '{}', '[]']],
  ];
  const location = await temporaryPostgres(t);
  const setting = openDatabase(location, { timeout: 10_000 });
  await setting.sql.raw("create type state as enum ('yes', 'no', 'pending')");
  await setting.sql.raw(`alter database ${location.database} set datestyle = 'German'`);
  await setting.close();
  const opened = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => opened.close());
  for (const [type, yes, no] of cases) {
    await opened.sql.raw(`create table people (id int, email text, hash text, confirmed ${type})`);
    const values = [...yes, ...no];
    await opened.sql('people').insert(values.map((confirmed, id) => ({ id, email: `${id}@x`, confirmed })));
    const accounts = await adoptedAccounts(opened, { ...PEOPLE, confirmed: { column: 'confirmed' } });
    for (const [id, value] of values.entries()) {
      t.is((await accounts.findById(String(id)))?.confirmed, id < yes.length, `${type} ${JSON.stringify(value)}`);
    }
    await opened.sql.raw('drop table people');
  }
});

test('a hash in bytea or char(n) is the hash', async (t) => {
  for (const type of ['bytea', 'char(90)', 'varchar']) {
    const opened = await database(t, `create table people (id int, email text, hash ${type})`);
    await opened.sql('people').insert({ id: 1, email: 'a@x', hash: '$2y$04$abc/.' });
    t.is((await (await adoptedAccounts(opened, PEOPLE)).findById('1'))?.passwordHash, '$2y$04$abc/.', type);
  }
});

test('groups are read from arrays, JSON and text, and conditions on them by the types of their columns', async (t) => {
  const opened = await database(t, "create type role as enum ('staff', 'admin')");
  const cases: [type: string, value: string][] = [
    ['text[]', '{staff,"content editors",admin}'],
    ['role[]', '{staff,admin}'],
    ['varchar(20)[]', '{staff,admin}'],
    ['json', '["staff","admin"]'],
    ['jsonb', '["staff","admin"]'],
    ['text', 'staff, admin'],
  ];
  for (const [type, value] of cases) {
    await opened.sql.raw(`create table people (id int, email text, hash text, roles ${type})`);
    await opened.sql('people').insert([
      { id: 1, email: 'a@x', roles: value },
      { id: 2, email: 'b@x', roles: null },
    ]);
    const table = { ...PEOPLE, groups: { column: 'roles' } };
    const accounts = await adoptedAccounts(opened, table);
    t.deepEqual((await accounts.findById('1'))?.groups, ['staff', 'admin'], type);
    t.deepEqual((await accounts.findById('2'))?.groups, [], type);
    t.deepEqual(
      [...(await (await openTable(opened, table)).countGroups()).valid],
      [
        ['staff', 1],
        ['admin', 1],
      ],
      type,
    );
    await opened.sql.raw('drop table people');
  }
  await opened.sql.raw('create table people (id int, email text, hash text)');
  await opened.sql.raw('create table members (person int, name role, live boolean, level smallint)');
  await opened.sql('people').insert({ id: 1, email: 'a@x' });
  await opened.sql('members').insert([
    { person: 1, name: 'staff', live: true, level: 1 },
    { person: 1, name: 'admin', live: false, level: 1 },
  ]);
  const groups = { table: 'members', account: 'person', name: 'name' };
  for (const where of [
    { live: true },
    { live: 1 },
    { live: 'true', level: true },
    { live: true, level: 1, name: 'staff' },
  ]) {
    const accounts = await adoptedAccounts(opened, { ...PEOPLE, groups: { ...groups, where } });
    t.deepEqual((await accounts.findById('1'))?.groups, ['staff'], JSON.stringify(where));
  }
  const wrong = await t.throwsAsync(
    adoptedAccounts(opened, { ...PEOPLE, groups: { ...groups, where: { name: 'x' } } }),
    {
      instanceOf: OperatorError,
    },
  );
  t.is(wrong.message, 'accounts.groups: the tables cannot be read: invalid input value for enum role: "x".');
});

test('a role that may select some columns, and writes in a schema of its own, is enough', async (t) => {
  const location = await temporaryPostgres(t);
  const owner = openDatabase(location, { timeout: 10_000 });
  const role = `${location.database}_reader`;
  t.teardown(async () => {
    await owner.sql.raw(`drop owned by ${role}`);
    await owner.sql.raw(`drop role ${role}`);
    await owner.close();
  });
  for (const statement of [
    `create role ${role} login password '${location.password}'`,
    `create schema gateway authorization ${role}`,
    'create table people (id int, email text, hash text, active boolean, secret text, tenant int)',
    `insert into people values (1, 'a@x', 'h', true, 's', 1), (2, 'b@x', 'h', true, 's', 2)`,
    'create table closed (id int, email text, hash text)',
    'create schema hidden',
    'create table hidden.people (id int, email text, hash text)',
    'alter table people enable row level security',
    `create policy of_tenant on people for select to ${role} using (tenant = 1)`,
    `grant select (id, email, active) on people to ${role}`,
  ]) {
    await owner.sql.raw(statement);
  }
  const opened = openDatabase({ ...location, user: role, schema: 'gateway' }, { timeout: 10_000 });
  t.teardown(() => opened.close());
  await migrate(opened);
  const failure = async (change: Partial<AdoptedTable>) =>
    (await t.throwsAsync(adoptedAccounts(opened, { ...PEOPLE, ...change }), { instanceOf: OperatorError }))?.message;
  t.is(
    await failure({}),
    'accounts.columns.password: the database user may not read the column hash of people; it needs GRANT SELECT (hash) ON people.',
  );
  await owner.sql.raw(`grant select (hash) on people to ${role}`);
  t.is(
    await failure({ confirmed: { expression: 'secret is null' } }),
    'accounts.confirmedWhen: not an SQL expression on the columns of people: permission denied for table people.',
  );
  t.regex(
    (await failure({ name: 'closed' })) ?? '',
    /^accounts\.table: the database user may not read closed; it needs GRANT SELECT ON closed/,
  );
  t.regex(
    (await failure({ name: 'hidden.people' })) ?? '',
    /^accounts\.table: the database user may not read hidden\.people; .* GRANT USAGE/,
  );
  const accounts = await adoptedAccounts(opened, { ...PEOPLE, confirmed: { column: 'active' } });
  t.like(await accounts.findByLogin('A@x'), { id: '1', confirmed: true });
  t.is(await accounts.findByLogin('b@x'), null);
});

test('a boolean expression tells who is confirmed, and any other is refused with what the database says', async (t) => {
  const opened = await database(
    t,
    'create table people (id int, email text, hash text, at timestamptz, flags text[])',
    `insert into people values (1, 'a@x', 'h', now(), '{ok}'), (2, 'b@x', 'h', null, null)`,
  );
  const table = { ...PEOPLE, confirmed: { expression: "at <= now() and 'ok' = any (flags)" } };
  const accounts = await adoptedAccounts(opened, table);
  t.true((await accounts.findById('1'))?.confirmed);
  t.false((await accounts.findById('2'))?.confirmed);
  const wrong = await t.throwsAsync(adoptedAccounts(opened, { ...PEOPLE, confirmed: { expression: 'at' } }));
  t.is(
    wrong.message,
    'accounts.confirmedWhen: not an SQL expression on the columns of people: argument of CASE/WHEN must be type boolean, not type timestamp with time zone.',
  );
});
