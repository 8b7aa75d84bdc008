import test, { type ExecutionContext } from 'ava';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import type { MysqlLocation } from '../../../gateway/settings/schema/database-url.ts';
import { adoptedAccounts } from '../../../gateway/stores/accounts/adopted.ts';
import { type AdoptedTable, openTable } from '../../../gateway/stores/accounts/adopted-table.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migrate } from '../../../gateway/stores/database/migrate.ts';
import { temporaryDatabase } from '../../lab/stores/database.ts';
import { privateMariadb } from '../../lab/stores/mariadb.ts';

const UUID = '0b9c6a5e-41c7-4e0e-9a55-4c1d3b9e7f10';

const PEOPLE: AdoptedTable = {
  name: 'people',
  columns: { id: 'id', email: 'email', logins: ['email'], password: 'hash' },
  idForm: null,
  confirmed: { expression: '1 = 1' },
  groups: null,
};

async function database(t: ExecutionContext, ...statements: string[]) {
  const location = (await temporaryDatabase(t, 'mysql')) as MysqlLocation;
  return { location, opened: await openedAt(t, location, ...statements) };
}

async function openedAt(t: ExecutionContext, location: MysqlLocation, ...statements: string[]): Promise<Database> {
  const opened = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => opened.close());
  for (const statement of statements) await opened.sql.raw(statement);
  return opened;
}

test('an id that its type cannot have finds nothing', async (t) => {
  const { opened } = await database(t);
  const ids: [type: string, id: string, others: string[]][] = [
    ['uuid', UUID, [UUID.toUpperCase(), `${UUID}0`, 'x', '7', '']],
    ['char(36) character set ascii', UUID, [UUID.toUpperCase(), `${UUID} `]],
    ['tinyint unsigned', '7', ['263', '99999999999999999999', '-1', '7x']],
    ['decimal(30,0)', '900719925474099300000000001', ['900719925474099300000000002', 'x']],
    ["enum('sad','happy')", 'sad', ['1', 'SAD', 'angry', '0']],
    ['binary(20)', 'usr_1', ['usr_2', 'USR_1']],
  ];
  for (const [type, id, others] of ids) {
    await opened.sql.raw(`create table people (id ${type}, email varchar(99), hash varchar(99))`);
    await opened.sql('people').insert({ id, email: 'a@x' });
    const accounts = await adoptedAccounts(opened, PEOPLE);
    t.is((await accounts.findByLogin('A@x'))?.id, id, type);
    t.is((await accounts.findById(id))?.email, 'a@x', type);
    for (const other of others) t.is(await accounts.findById(other), null, `${type} ${other}`);
    await opened.sql.raw('drop table people');
  }
});

test('a second spelling of an email makes it ambiguous in every collation, and a collation that ignores case uses its index', async (t) => {
  const collations: [charset: string, collation: string, indexed: boolean][] = [
    ['utf8mb4', 'utf8mb4_unicode_ci', true],
    ['utf8mb4', 'utf8mb4_uca1400_ai_ci', true],
    ['utf8mb3', 'utf8mb3_general_ci', true],
    ['latin1', 'latin1_swedish_ci', true],
    ['utf8mb4', 'utf8mb4_bin', false],
    ['latin1', 'latin1_general_cs', false],
    // To these, `I` is no `i`, `aa` is one letter, and so are `ch` and `cH`, but not the same.
    ['utf8mb3', 'utf8mb3_turkish_ci', false],
    ['utf8mb4', 'utf8mb4_danish_ci', false],
    ['utf8mb4', 'utf8mb4_czech_ci', false],
  ];
  const { opened } = await database(t);
  for (const [charset, collation, indexed] of collations) {
    await opened.sql.raw(
      `create table people (id int primary key, email varchar(99) character set ${charset} collate ${collation}, hash varchar(99), key (email))`,
    );
    await opened.sql.raw(`insert into people select seq, concat('User', seq, '@Example.com'), null from seq_1_to_2000`);
    await opened.sql('people').insert([
      { id: 3001, email: 'AaronMichaelI@x' },
      { id: 3002, email: 'ümit@x' },
    ]);
    const accounts = await adoptedAccounts(opened, PEOPLE);
    for (const email of ['aaronmichaeli@x', 'aAronmicHaelI@X', 'AARONMICHAELI@X']) {
      t.is((await accounts.findByLogin(email))?.id, '3001', `${collation} ${email}`);
    }
    t.is((await accounts.findByLogin('ÜMIT@x'))?.id, '3002', collation);
    for (const other of ['日本@x', '🔑@x', 'umit@x', 'user1@example.com ']) {
      t.is(await accounts.findByLogin(other), null, `${collation} ${other}`);
    }
    const table = await openTable(opened, PEOPLE);
    const [plan] = await opened.sql.raw(
      `explain ${table.rows().whereRaw(String(table.logins[0]?.find('User77@example.com')))}`,
    );
    t.is(plan[0].key, indexed ? 'email' : null, collation);
    await opened.sql('people').insert({ id: 3003, email: 'aAronMicHaeli@x' });
    t.is(await accounts.findByLogin('aaronmichaeli@x'), null, collation);
    await opened.sql.raw('drop table people');
  }
});

test('where the collation of the emails has no index for the look-up, a generated column has', async (t) => {
  const { opened } = await database(t);
  for (const collation of ['utf8mb4_bin', 'utf8mb4_danish_ci', 'utf8mb3_turkish_ci', 'latin1_general_cs']) {
    await opened.sql.raw(`create table users (id int primary key, email varchar(255) collate ${collation}, hash text)`);
    await opened.sql.raw(
      'alter table users add email_ci varchar(255) collate utf8mb4_unicode_ci as (email), add index (email_ci)',
    );
    await opened.sql.raw(
      `insert into users (id, email) select seq, concat('User', seq, '@Example.com') from seq_1_to_2000`,
    );
    const people = {
      ...PEOPLE,
      name: 'users',
      columns: { ...PEOPLE.columns, email: 'email_ci', logins: ['email_ci'] },
    };
    const table = await openTable(opened, people);
    const [plan] = await opened.sql.raw(
      `explain ${table.rows().whereRaw(String(table.logins[0]?.find('User77@example.com')))}`,
    );
    t.is(plan[0].key, 'email_ci', collation);
    const accounts = await adoptedAccounts(opened, people);
    t.is((await accounts.findByLogin('uSER77@example.com'))?.id, '77', collation);
    await opened.sql.raw('drop table users');
  }
});

test('generated and invisible columns, reserved words, names with dots, and another database of the server are read', async (t) => {
  const other = ((await temporaryDatabase(t, 'mysql')) as MysqlLocation).database;
  const { opened } = await database(
    t,
    `create table ${other}.\`user.accounts\` (\`key\` int, \`e.mail\` varchar(99), \`pass word\` varchar(99) invisible,
      \`select\` bit(1), low varchar(99) as (lower(\`e.mail\`)) virtual)`,
    `insert into ${other}.\`user.accounts\` (\`key\`, \`e.mail\`, \`pass word\`, \`select\`) values (1, 'Ada@x', 'h', b'1'), (2, 'bob@x', 'h', b'0')`,
    'create table `groups` (`order` int, `my``name` varchar(20))',
    "insert into `groups` values (1, 'staff')",
  );
  const columns = { id: 'key', email: 'e.mail', logins: ['e.mail'], password: 'pass word' };
  const table: AdoptedTable = {
    ...PEOPLE,
    name: `${other}."user.accounts"`,
    columns,
    confirmed: { column: 'select' },
    groups: { table: 'groups', account: 'order', name: 'my`name' },
  };
  const accounts = await adoptedAccounts(opened, table);
  t.like(await accounts.findByLogin('ada@x'), { id: '1', passwordHash: 'h', confirmed: true, groups: ['staff'] });
  t.like(await accounts.findById('2'), { email: 'bob@x', confirmed: false, groups: [] });
  const generated = await adoptedAccounts(opened, { ...table, columns: { ...columns, email: 'low', logins: ['low'] } });
  t.is((await generated.findByLogin('Ada@x'))?.email, 'ada@x');
});

test('conditions on groups compare an ENUM by its text, not by its number', async (t) => {
  const { opened } = await database(
    t,
    'create table people (id int, email varchar(99), hash varchar(99))',
    "create table members (person int, name varchar(20), level enum('2', '1', '0'), live bit(1))",
    "insert into people values (1, 'a@x', 'h')",
    "insert into members values (1, 'staff', '1', b'1'), (1, 'admin', '2', b'1'), (1, 'root', '0', b'0')",
  );
  const groups = { table: 'members', account: 'person', name: 'name' };
  const groupsWhere = async (where: Record<string, string | number | boolean>) =>
    (await (await adoptedAccounts(opened, { ...PEOPLE, groups: { ...groups, where } })).findById('1'))?.groups;
  t.deepEqual(await groupsWhere({ level: 1 }), ['staff']);
  t.deepEqual(await groupsWhere({ level: '2' }), ['admin']);
  t.deepEqual(await groupsWhere({ level: false }), ['root']);
  t.deepEqual(await groupsWhere({ live: true }), ['staff', 'admin']);
  t.deepEqual(await groupsWhere({ live: 0 }), ['root']);
});

test('a user that may select some columns of one database, and write in another, is enough', async (t) => {
  const { location, opened: root } = await database(
    t,
    'create table people (id int, email varchar(99), hash varchar(99), secret int)',
    "insert into people values (1, 'a@x', 'h', 1)",
    'create table closed (id int, email varchar(99), hash varchar(99))',
  );
  const own = (await temporaryDatabase(t, 'mysql')) as MysqlLocation;
  const user = `u${location.database.slice(-16)}`;
  await root.sql.raw(`create user ${user}@'%' identified by 'pw'`);
  t.teardown(() => root.sql.raw(`drop user ${user}@'%'`));
  await root.sql.raw(`grant all on ${own.database}.* to ${user}@'%'`);
  await root.sql.raw(`grant select (id, email), insert (hash) on ${location.database}.people to ${user}@'%'`);
  const opened = await openedAt(t, { ...own, user, password: 'pw' });
  await migrate(opened);
  const table = { ...PEOPLE, name: `${location.database}.people` };
  const failure = async (change: Partial<AdoptedTable>) =>
    (await t.throwsAsync(adoptedAccounts(opened, { ...table, ...change }), { instanceOf: OperatorError }))?.message ??
    '';
  t.regex(
    await failure({}),
    /^accounts\.columns\.password: the database user may not read the column hash of .*people; it needs GRANT SELECT \(hash\) ON /,
  );
  await root.sql.raw(`grant select (hash) on ${location.database}.people to ${user}@'%'`);
  t.regex(await failure({ confirmed: { column: 'secret' } }), /has no column secret.*; it has id, email, hash/);
  t.regex(
    await failure({ name: `${location.database}.closed` }),
    /there is no table .*closed that the gateway may read/,
  );
  t.is((await (await adoptedAccounts(opened, table)).findByLogin('A@x'))?.id, '1');
});

test('a view whose definer or whose table has gone is refused with what the database says', async (t) => {
  const { location, opened } = await database(
    t,
    'create table raw (id int, email varchar(99), hash varchar(99))',
    'create view people as select * from raw',
  );
  t.truthy(await adoptedAccounts(opened, PEOPLE));
  const definer = `d${location.database.slice(-16)}`;
  await opened.sql.raw(`create user ${definer}@localhost`);
  await opened.sql.raw(`create definer = ${definer}@localhost view orphan as select * from raw`);
  await opened.sql.raw(`drop user ${definer}@localhost`);
  const failure = async (name: string) =>
    (await t.throwsAsync(adoptedAccounts(opened, { ...PEOPLE, name }), { instanceOf: OperatorError }))?.message ?? '';
  t.regex(
    await failure('orphan'),
    /^accounts\.table: orphan cannot be read: The user specified as a definer \('d.*'@'localhost'\) does not exist\.$/,
  );
  await opened.sql.raw('alter table raw drop column hash');
  t.regex(await failure('people'), /^accounts\.table: people cannot be read: View '.*people' references invalid table/);
});

test('the sql_mode of the server does not matter', async (t) => {
  const mode = 'ANSI,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES,HIGH_NOT_PRECEDENCE,NO_ZERO_DATE,NO_ZERO_IN_DATE';
  const server = await privateMariadb(t, async () => [`--sql-mode=${mode}`]);
  const opened = await openedAt(
    t,
    server.location,
    'create table people (id char(10), email varchar(99), hash char(60), at datetime, roles varchar(99))',
    "insert into people values ('u1', 'Ada@x', 'h', '0000-00-00', 'staff'), ('u2', 'o''\\\\b@x', 'h', '2024-01-01', null)",
  );
  const table = { ...PEOPLE, confirmed: { column: 'at' }, groups: { column: 'roles' } };
  const accounts = await adoptedAccounts(opened, table);
  t.like(await accounts.findByLogin('ada@x'), { id: 'u1', passwordHash: 'h', confirmed: false, groups: ['staff'] });
  t.like(await accounts.findByLogin("O'\\B@x"), { id: 'u2', confirmed: true, groups: [] });
  t.is(await accounts.findByLogin("\\' or 1=1 -- "), null);
  t.is((await accounts.findById('u2'))?.id, 'u2');
});
