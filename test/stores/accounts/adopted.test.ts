import test from 'ava';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import { adoptedAccounts } from '../../../gateway/stores/accounts/adopted.ts';
import { openTable } from '../../../gateway/stores/accounts/adopted-table.ts';
import { DATABASES, migratedDatabase } from '../../lab/stores/database.ts';
import { USERS, usersTable } from './adopted-tables.ts';

const UUID = '0b9c6a5e-41c7-4e0e-9a55-4c1d3b9e7f10';

for (const kind of DATABASES) {
  test(`${kind}: where two rows are one email, neither is found by it, and both by their ids`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const insert = await usersTable(database, kind === 'mysql' ? { email: 'varchar(255) collate utf8mb4_bin' } : {});
    await insert({ id: 1, email: 'ada@x' }, { id: 2, email: 'Ada@X' }, { id: 3, email: 'bob@x' });
    const accounts = await adoptedAccounts(database, USERS);
    for (const email of ['ada@x', 'Ada@X', 'ADA@X']) t.is(await accounts.findByLogin(email), null, email);
    t.is((await accounts.findById('1'))?.email, 'ada@x');
    t.is((await accounts.findById('2'))?.email, 'Ada@X');
    t.is((await accounts.findByLogin('bob@x'))?.id, '3');
  });

  test(`${kind}: a number beyond 2^53 is the id that it is`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const insert = await usersTable(database);
    await insert({ id: '9007199254740992', email: 'a@x' }, { id: '9007199254740993', email: 'b@x' });
    const accounts = await adoptedAccounts(database, USERS);
    t.is((await accounts.findByLogin('b@x'))?.id, '9007199254740993');
    t.is((await accounts.findById('9007199254740993'))?.email, 'b@x');
    t.is((await accounts.findById('9007199254740992'))?.email, 'a@x');
  });

  test(`${kind}: ids that are UUIDs or texts are matched to the letter`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const insert = await usersTable(database, { id: 'varchar(300)' });
    await insert({ id: UUID, email: 'a@x' }, { id: 'user é', email: 'b@x' }, { id: '7', email: 'c@x' });
    const accounts = await adoptedAccounts(database, USERS);
    t.is((await accounts.findByLogin('a@x'))?.id, UUID);
    t.is((await accounts.findById(UUID))?.email, 'a@x');
    for (const other of [UUID.toUpperCase(), `${UUID} `, UUID.replaceAll('-', ''), '07', '7.0', 'user e', 'user é']) {
      t.is(await accounts.findById(other), null, other);
    }
  });

  test(`${kind}: an account whose id cannot stand in a header is not let in`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const insert = await usersTable(database, { id: 'varchar(300)' });
    const ids = ['', ' ', ' 1', '1 ', 'a\r\nX-Admin: 1', 'tab\t', 'é', 'x'.repeat(256), null];
    await insert(...ids.map((id, index) => ({ id, email: `${index}@x` })), { id: 'x'.repeat(255), email: 'good@x' });
    const accounts = await adoptedAccounts(database, USERS);
    for (const [index, id] of ids.entries()) {
      t.is(await accounts.findByLogin(`${index}@x`), null, JSON.stringify(id));
      if (id !== null) t.is(await accounts.findById(id), null, JSON.stringify(id));
    }
    t.is((await accounts.findByLogin('good@x'))?.id.length, 255);
  });

  test(`${kind}: who is confirmed can be an expression on the columns`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const insert = await usersTable(database);
    await insert({ id: 1, email: 'a@x', confirmed: 2 }, { id: 2, email: 'b@x', confirmed: 3 });
    await insert({ id: 3, email: 'c@x', confirmed: null });
    const accounts = await adoptedAccounts(database, {
      ...USERS,
      confirmed: { expression: "confirmed = 2 and 'x' = 'x'" },
    });
    const confirmed = await Promise.all(['1', '2', '3'].map(async (id) => (await accounts.findById(id))?.confirmed));
    t.deepEqual(confirmed, [true, false, false]);
  });

  test(`${kind}: a new hash changes the stamp, a new confirmation does not`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const insert = await usersTable(database);
    await insert({ id: 1, email: 'a@x', password: 'one' });
    const accounts = await adoptedAccounts(database, USERS);
    const stamp = async () => (await accounts.findById('1'))?.stamp;
    const first = await stamp();
    await database.sql(USERS.name).update({ confirmed: 0 });
    t.is(await stamp(), first);
    await database.sql(USERS.name).update({ key: 'two' });
    t.not(await stamp(), first);
    t.false(first?.includes('one'));
  });

  test(`${kind}: what is missing is named at the start, with what there is instead`, async (t) => {
    const database = await migratedDatabase(t, kind);
    await usersTable(database);
    const opening = (change: Partial<typeof USERS>) => adoptedAccounts(database, { ...USERS, ...change });
    const failure = async (change: Partial<typeof USERS>) =>
      (await t.throwsAsync(opening(change), { instanceOf: OperatorError }))?.message ?? '';
    t.is(
      await failure({ name: 'usrs' }),
      'accounts.table: there is no table usrs that the gateway may read in the database; there are app-users.',
    );
    t.is(
      await failure({ columns: { ...USERS.columns, email: 'mail', logins: ['mail'] } }),
      'accounts.columns.email: app-users has no column mail; it has id, e-mail, key, confirmed, extra.',
    );
    t.regex(await failure({ confirmed: { column: 'active' } }), /^accounts\.columns\.confirmed: .* no column active;/);
    for (const expression of ['nowhere = 1', 'confirmed =', 'confirmed = 1) or (', 'nofunction(confirmed)']) {
      const message = await failure({ confirmed: { expression } });
      t.regex(
        message,
        /^accounts\.confirmedWhen: not an SQL expression on the columns of app-users: .+\.$/,
        expression,
      );
      t.notRegex(message, /\n/);
    }
  });

  test(`${kind}: a table of another schema is read`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const insert = await usersTable(database);
    await insert({ id: 1, email: 'a@x' });
    const schema =
      kind === 'mysql'
        ? (await database.sql.raw('select database() as name'))[0][0].name
        : { sqlite: 'main', postgres: 'public' }[kind];
    const accounts = await adoptedAccounts(database, { ...USERS, name: `${schema}.${USERS.name}` });
    t.is((await accounts.findByLogin('a@x'))?.id, '1');
    const table = await openTable(database, { ...USERS, name: `${schema}.${USERS.name}` });
    t.is((await Array.fromAsync(table.chunks())).flat().length, 1);
    await t.throwsAsync(adoptedAccounts(database, { ...USERS, name: 'elsewhere.app-users' }), {
      instanceOf: OperatorError,
    });
  });
}

test('mysql: every type of a confirmed column tells who is', async (t) => {
  const yesTexts = ['1', '2024-01-01', 'true', 'yes'];
  const noTexts = [
    '',
    '0',
    ' ',
    '0000-00-00 00:00:00',
    '0001-01-01',
    'false',
    'no',
    'f',
    'n',
    'off',
    'pending',
    '00',
    '-0',
    '0.0',
  ];
  const cases: [string, unknown[], unknown[]][] = [
    // Bytes say what the same text says.
    ...['varbinary(30)', 'binary(30)', 'tinyblob', 'blob', 'mediumblob', 'char(30)', 'text'].map(
      (type): [string, unknown[], unknown[]] => [type, yesTexts, [...noTexts, '\u0001', '\u0000', null]],
    ),
    ['varbinary(30)', ['T', 'Yes', 'ON', '+1', '1\0\0', ' y '], ['0\0\0', '\u00ff', 'No', 'NULL']],
    ['binary(1)', ['1', 't', 'y'], ['0', 'f', 'n', '', null]],
    ['bit(8)', [1, 48, 255], [0, null]],
    ['bit(64)', [1], [0, null]],
    ["enum('N','Y','0','1')", ['Y', '1'], ['N', '0', null]],
    ["set('no','yes')", ['yes'], ['', 'no', 'no,yes', null]],
    ['year', [2024], [0, null]],
    ['time', [], ['00:00:00', null]],
    ['double', [0.5, -1], [0, -0, null]],
    ['bigint unsigned', ['18446744073709551615'], [0, null]],
    ['json', ['true', '1', '"yes"', '"2024-01-01"'], ['false', '0', '"0"', '"false"', 'null', '{}', '[]', null]],
    ['tinyint(1)', [1, 2, -1], [0, null]],
    ['bit(1)', [1], [0, null]],
    ['decimal(3,2)', ['0.50'], ['0.00', null]],
    ['timestamp', ['2024-02-29 00:00:00'], [null]],
    ['datetime', ['2024-02-29 00:00:00'], ['0000-00-00 00:00:00', null]],
    ['date', ['2024-02-29'], ['0000-00-00', null]],
    ['varchar(30)', yesTexts, noTexts],
  ];
  const database = await migratedDatabase(t, 'mysql');
  for (const [type, yes, no] of cases) {
    await database.sql.schema.dropTableIfExists(USERS.name);
    const insert = await usersTable(database, { confirmed: type });
    const values = [...yes, ...no];
    await insert(...values.map((confirmed, index) => ({ id: index + 1, email: `${index}@x`, confirmed })));
    const accounts = await adoptedAccounts(database, USERS);
    for (const [index, value] of values.entries()) {
      const account = await accounts.findById(String(index + 1));
      t.is(account?.confirmed, index < yes.length, `${type} ${JSON.stringify(value)}`);
    }
  }
});

test('sqlite: every kind of value in a confirmed column tells who is', async (t) => {
  const database = await migratedDatabase(t, 'sqlite');
  const insert = await usersTable(database, { confirmed: 'datetime' });
  const yes = [1, -1, 0.5, 1_700_000_000_000, '2024-02-29 00:00:00.123', '2024-02-29', 'true', '1'];
  const no = [0, null, '', '0', 'false', '0000-00-00 00:00:00', 'no', 'null'];
  const values = [...yes, ...no];
  await insert(...values.map((confirmed, index) => ({ id: index + 1, email: `${index}@x`, confirmed })));
  const accounts = await adoptedAccounts(database, USERS);
  for (const [index, value] of values.entries()) {
    t.is((await accounts.findById(String(index + 1)))?.confirmed, index < yes.length, JSON.stringify(value));
  }
});

test('sqlite: bytes in a confirmed column say what the same text says', async (t) => {
  const database = await migratedDatabase(t, 'sqlite');
  for (const type of ['blob', 'boolean', 'datetime', '']) {
    await database.sql.schema.dropTableIfExists(USERS.name);
    const insert = await usersTable(database, { confirmed: type });
    const yes = ['1', 'true', 'Yes', 'on', '2024-02-29', '1\0\0'];
    const no = ['', '0', 'false', 'no', 'f', 'off', '0\0\0', '\u0000', '\u0001', '0000-00-00', 'pending'];
    const values = [...yes, ...no].map((text) => Buffer.from(text, 'latin1'));
    await insert(...values.map((confirmed, index) => ({ id: index + 1, email: `${index}@x`, confirmed })));
    const accounts = await adoptedAccounts(database, USERS);
    for (const [index, value] of values.entries()) {
      const account = await accounts.findById(String(index + 1));
      t.is(account?.confirmed, index < yes.length, `${type} ${JSON.stringify(value.toString('latin1'))}`);
    }
  }
});

test('mysql: a hash that BINARY(n) fills up is the hash, and an account of bytes is found as one of text is', async (t) => {
  const database = await migratedDatabase(t, 'mysql');
  const insert = await usersTable(database, { id: 'varbinary(36)', email: 'varbinary(100)' });
  await database.sql.raw('alter table ?? modify ?? binary(100) null', [USERS.name, USERS.columns.password]);
  await insert({ id: UUID, email: 'Ada@x', password: 'a hash' });
  const accounts = await adoptedAccounts(database, USERS);
  for (const account of [await accounts.findByLogin('ada@X'), await accounts.findById(UUID)]) {
    t.like(account, { id: UUID, email: 'Ada@x', passwordHash: 'a hash' });
  }
});

test('sqlite: a number and the same as a text are one id, which is then nobody’s', async (t) => {
  const database = await migratedDatabase(t, 'sqlite');
  const insert = await usersTable(database, { id: '' });
  await insert({ id: 1, email: 'a@x' }, { id: '1', email: 'b@x' }, { id: 2, email: 'c@x' }, { id: '3', email: 'd@x' });
  // The driver binds every number as one with a fraction.
  await database.sql.raw('update ?? set id = cast(id as integer) where ?? in (?, ?)', [
    ...[USERS.name, USERS.columns.email],
    ...['a@x', 'c@x'],
  ]);
  const accounts = await adoptedAccounts(database, USERS);
  for (const email of ['a@x', 'b@x']) t.is(await accounts.findByLogin(email), null, email);
  t.is(await accounts.findById('1'), null);
  t.is((await accounts.findByLogin('c@x'))?.id, '2');
  t.is((await accounts.findById('2'))?.email, 'c@x');
  t.is((await accounts.findByLogin('d@x'))?.id, '3');
});
