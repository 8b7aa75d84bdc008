import { randomBytes } from 'node:crypto';
import test from 'ava';
import { findAccounts } from '../../../gateway/cli/adopt/find.ts';
import { idFormIn } from '../../../gateway/cli/adopt/id-form.ts';
import { adoptText, usable } from '../../../gateway/cli/adopt/report.ts';
import { DIALECTS } from '../../../gateway/stores/accounts/dialects/dialects.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { FIXTURES } from '../../identify/passwords/hashes/fixtures.ts';
import { DATABASES, migratedDatabase, temporaryDatabase } from '../../lab/stores/database.ts';

const BCRYPT = FIXTURES.find(({ format, cheap }) => format === 'bcrypt' && cheap)?.hash;

const search = (database: Database, schema: string | null = null) =>
  findAccounts(database, schema, (name) => DIALECTS[database.kind].quoted(name));

for (const kind of DATABASES) {
  test(`${kind}: of several tables with passwords, the one with hashes comes first, and names are quoted where they must be`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const { sql } = database;
    await sql.schema.createTable('users', (table) => {
      table.increments('id');
      table.string('email');
      table.string('password');
    });
    await sql.schema.createTable('shop members', (table) => {
      table.increments('id');
      table.string('E-Mail');
      table.string('password');
      table.string('password_hash');
    });
    await sql('users').insert({ email: 'a@x', password: 'plain text' });
    await sql('shop members').insert({ 'E-Mail': 'a@x', password: '', password_hash: BCRYPT });
    const [first, second] = usable(await search(database));
    t.is(first?.accounts.table, '"shop members"');
    t.deepEqual(first?.accounts.columns, { id: 'id', email: 'E-Mail', password: 'password_hash' });
    t.is(second?.accounts.table, 'users');
  });

  test(`${kind}: a table of Devise comes before those that only have password_digest, and users before administrators`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const { sql } = database;
    for (const devise of ['users', 'admin_users']) {
      await sql.schema.createTable(devise, (table) => {
        table.increments('id');
        for (const column of ['email', 'encrypted_password', 'reset_password_token']) table.string(column);
      });
      await sql(devise).insert({ email: 'a@x', encrypted_password: BCRYPT });
    }
    await sql.schema.createTable('members', (table) => {
      table.increments('id');
      for (const column of ['email', 'password_digest']) table.string(column);
    });
    await sql('members').insert({ email: 'a@x', password_digest: BCRYPT });
    const tables = usable(await search(database)).map(({ accounts }) => accounts.table);
    t.deepEqual(tables, ['users', 'admin_users', 'members']);
  });

  test(`${kind}: the comment says what users log in with, and what to write for the email instead`, async (t) => {
    const database = await migratedDatabase(t, kind);
    await database.sql.schema.createTable('accounts', (table) => {
      table.increments('id');
      for (const column of ['phone', 'password_hash']) table.string(column);
    });
    await database.sql.schema.createTable('auth_user', (table) => {
      table.increments('id');
      for (const column of ['username', 'email', 'password']) table.string(column);
      table.boolean('is_superuser');
      table.boolean('is_active');
      table.datetime('last_login');
    });
    const found = await search(database);
    const [first, second] = usable(found);
    t.deepEqual(first?.accounts.columns, {
      ...{ id: 'id', login: 'username', email: 'email', password: 'password', confirmed: 'is_active' },
    });
    t.deepEqual(second?.accounts.columns, { id: 'id', login: 'phone', password: 'password_hash' });
    const text = adoptText({ database: 'somewhere', search: found, check: null }, 'hidden');
    t.regex(
      text,
      /^# +login +by username, as in Django, exactly as it is stored; by the email instead: leave out login; by either: login: \[username, email\]$/m,
    );
    t.regex(text, /^# +login +by phone, exactly as it is stored; there is no column of emails$/m);
  });

  test(`${kind}: a state in a text column, and columns that shut users out, become part of confirmedWhen`, async (t) => {
    const database = await migratedDatabase(t, kind);
    await database.sql.schema.createTable('members', (table) => {
      table.increments('id');
      table.string('email');
      table.string('password_hash');
      table.string('status');
      table.boolean('is_blocked');
    });
    const row = { password_hash: BCRYPT, status: 'active' };
    await database.sql('members').insert([
      { ...row, email: 'in@x' },
      { ...row, email: 'blocked@x', is_blocked: true },
      { ...row, email: 'pending@x', status: 'pending' },
    ]);
    const [first] = usable(await search(database));
    const shown = await database
      .sql('members')
      .whereRaw(first?.accounts.confirmedWhen ?? '')
      .pluck('email');
    t.deepEqual(shown, ['in@x']);
  });
}

test('mysql: ids in bytes are proposed in the order that the application stores them in', async (t) => {
  const database = await migratedDatabase(t, 'mysql');
  for (const table of ['users', 'members']) {
    await database.sql.raw(
      `create table ${table} (id binary(16) primary key, email varchar(99), password varchar(99))`,
    );
  }
  for (const digits of ['9b2c7c9e5d5e4f0a8a1e3f6f3a1d2b4c', '0b2c0c9e5d5e4f0a8a1e3f6f3a1d2b4c']) {
    const plain = Buffer.from(digits, 'hex');
    const groups = [plain.subarray(6, 8), plain.subarray(4, 6), plain.subarray(0, 4), plain.subarray(8)];
    const user = { email: `${digits}@x`, password: BCRYPT };
    await database.sql('users').insert({ ...user, id: plain });
    await database.sql('members').insert({ ...user, id: Buffer.concat(groups) });
  }
  const forms = new Map(usable(await search(database)).map(({ accounts }) => [accounts.table, accounts.columns.id]));
  t.deepEqual(forms.get('users'), { name: 'id', as: 'uuid' });
  t.deepEqual(forms.get('members'), { name: 'id', as: 'uuid-swapped' });
  const text = adoptText({ database: 'somewhere', search: await search(database), check: null }, 'hidden');
  t.regex(text, /^# +note +id has bytes, read as uuid-swapped, which is a guess: [^\n]+$/m);
});

test('the order of bytes is certain only where it alone has the digits of UUIDs in several ids', (t) => {
  const versions = (place: number, digit: string, others: string) =>
    ['0', '3', '9', 'f'].map((other) => {
      const digits = Array.from({ length: 32 }, () => other);
      for (const at of [0, 12, 14]) digits[at] = others;
      digits[place] = digit;
      digits[16] = 'a';
      return digits.join('');
    });
  t.deepEqual(idFormIn(versions(12, '4', '0')), { form: 'uuid', isCertain: true });
  t.deepEqual(idFormIn(versions(0, '1', 'f')), { form: 'uuid-swapped', isCertain: true });
  t.deepEqual(idFormIn(versions(14, '7', '9')), { form: 'guid', isCertain: true });
  t.deepEqual(idFormIn(versions(14, '7', '9').slice(1)), { form: 'guid', isCertain: false });
  t.deepEqual(idFormIn(versions(14, '4', '1')), { form: 'uuid', isCertain: false });
  t.deepEqual(idFormIn([]), { form: 'uuid', isCertain: false });
  t.deepEqual(idFormIn(versions(12, '4', '0').map((digits) => digits.replaceAll('a', '3'))), {
    form: 'uuid',
    isCertain: false,
  });
  t.deepEqual(idFormIn(['6162']), { form: 'text', isCertain: true });
});

test('postgres: a materialised view without data is passed over', async (t) => {
  const database = await migratedDatabase(t, 'postgres');
  await database.sql.raw('create table members (id int primary key, email text, password_hash text)');
  await database.sql.raw('create materialized view all_users as select * from members with no data');
  const { found } = await search(database);
  const refused = found.find(({ accounts }) => accounts.table.endsWith('all_users'));
  t.like(refused?.examined, {
    kind: 'refused',
    reason: 'accounts.table: all_users cannot be read: materialized view "all_users" has not been populated.',
  });
});

test('postgres: tables of all schemas are found, and one that the role may not read is named as such', async (t) => {
  const location = await temporaryDatabase(t, 'postgres');
  if (location.kind !== 'postgres') return t.fail();
  const owner = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => owner.close());
  await owner.sql.raw('create schema app');
  await owner.sql.raw('create table app.users (id uuid primary key, email text, password_hash text, active boolean)');
  const [found] = usable(await search(owner));
  t.is(found?.accounts.table, 'app.users');
  t.is((await search(owner, 'public')).found.length, 0);

  const role = `gatehouse_${randomBytes(6).toString('hex')}`;
  await owner.sql.raw(`create role ${role} login password 'x'`);
  t.teardown(async () => {
    await owner.sql.raw(`drop owned by ${role}`);
    await owner.sql.raw(`drop role ${role}`);
  });
  const other = openDatabase({ ...location, user: role, password: 'x' }, { timeout: 10_000 });
  t.teardown(() => other.close());
  const denied = await search(other);
  t.deepEqual(usable(denied), []);
  t.like(denied.found[0]?.examined, { kind: 'refused', reason: 'this user may not read it' });
});
