import test from 'ava';
import type { AccountGroupsSettings } from '../../../gateway/settings/schema/settings.ts';
import { adoptedAccounts } from '../../../gateway/stores/accounts/adopted.ts';
import { openTable } from '../../../gateway/stores/accounts/adopted-table.ts';
import { namesIn } from '../../../gateway/stores/accounts/group-names.ts';
import { openDatabase } from '../../../gateway/stores/database/connection.ts';
import { temporaryDatabase } from '../../lab/stores/database.ts';
import { USERS, usersTable } from './adopted-tables.ts';

test('names in a column are separated by commas or white space, or a JSON list; what is no name is passed over', (t) => {
  const read = (text: string | null) => namesIn(text);
  const plain = (valid: string[], passedOver: string[] = []) => ({ valid, passedOver });
  t.deepEqual(read(null), plain([]));
  t.deepEqual(read(' \0\0'), plain([]));
  t.deepEqual(read('staff, admin  ops\tdev,,staff'), plain(['staff', 'admin', 'ops', 'dev']));
  t.deepEqual(
    read('["staff", "content editors", 7, null, "admin"]'),
    plain(['staff', 'admin'], ['content editors', '7', 'null']),
  );
  t.deepEqual(read('["staff"'), plain([], ['["staff"']));
  t.deepEqual(read('a:1:{i:0;s:5:"staff";}'), plain([], ['a:1:{i:0;s:5:"staff";}']));
  t.deepEqual(read(`${'a'.repeat(64)} ${'b'.repeat(65)} bücher`), plain(['a'.repeat(64)], ['b'.repeat(65), 'bücher']));
});

for (const kind of ['sqlite', 'mysql'] as const) {
  const open = async (t: Parameters<typeof temporaryDatabase>[0]) => {
    const database = openDatabase(await temporaryDatabase(t, kind), { timeout: 10_000 });
    t.teardown(() => database.close());
    return database;
  };
  const run = async (database: Awaited<ReturnType<typeof open>>, ...statements: string[]) => {
    for (const statement of statements) await database.sql.raw(statement);
  };

  test(`${kind}: the groups of an account are read from a column of its table, and counted`, async (t) => {
    const database = await open(t);
    const add = await usersTable(database);
    await add({ id: 1, email: 'a@x' }, { id: 2, email: 'b@x' }, { id: 3, email: 'c@x' });
    await run(
      database,
      `alter table ${kind === 'mysql' ? '`app-users`' : '"app-users"'} add column roles varchar(99) null`,
    );
    const set = (id: number, roles: string | null) => database.sql(USERS.name).where({ id }).update({ roles });
    await set(1, 'staff,Content editors');
    await set(2, '["staff", "Staff"]');
    const table = { ...USERS, groups: { column: 'roles' } };
    const accounts = await adoptedAccounts(database, table);
    t.deepEqual((await accounts.findById('1'))?.groups, ['staff', 'Content', 'editors']);
    t.deepEqual((await accounts.findByEmail('B@x'))?.groups, ['staff', 'Staff']);
    t.deepEqual((await accounts.findById('3'))?.groups, []);
    const { valid, passedOver } = await (await openTable(database, table)).countGroups();
    t.deepEqual([...valid].toSorted(), [
      ['Content', 1],
      ['Staff', 1],
      ['editors', 1],
      ['staff', 2],
    ]);
    t.is(passedOver.size, 0);
    const wrong = await t.throwsAsync(adoptedAccounts(database, { ...USERS, groups: { column: 'rolls' } }));
    t.regex(wrong.message, /^accounts\.columns\.groups: app-users has no column rolls; it has id, /);
  });

  test(`${kind}: Django's groups are read through auth_user_groups and auth_group`, async (t) => {
    const database = await open(t);
    const add = await usersTable(database, { id: 'integer' });
    await add({ id: 12, email: 'ada@x' }, { id: 13, email: 'bob@x' });
    const key =
      kind === 'mysql' ? 'integer auto_increment not null primary key' : 'integer not null primary key autoincrement';
    await run(
      database,
      `create table auth_group (id ${key}, name varchar(150) not null unique)`,
      `create table auth_user_groups (id ${key}, user_id integer not null, group_id integer not null)`,
      "insert into auth_group (id, name) values (1, 'staff'), (2, 'Content editors'), (3, 'admin')",
      'insert into auth_user_groups (user_id, group_id) values (12, 1), (12, 2), (12, 3), (13, 2)',
    );
    const groups: AccountGroupsSettings = {
      table: 'auth_user_groups',
      account: 'user_id',
      group: 'group_id',
      names: { table: 'auth_group', id: 'id', name: 'name' },
    };
    const accounts = await adoptedAccounts(database, { ...USERS, groups });
    t.deepEqual((await accounts.findById('12'))?.groups.toSorted(), ['admin', 'staff']);
    t.deepEqual((await accounts.findById('13'))?.groups, []);
    const { valid, passedOver } = await (await openTable(database, { ...USERS, groups })).countGroups();
    t.deepEqual([...valid].toSorted(), [
      ['admin', 1],
      ['staff', 1],
    ]);
    t.deepEqual([...passedOver], [['Content editors', 2]]);

    const other = { ...groups, names: { table: 'auth_groups', id: 'id', name: 'name' } };
    const wrong = await t.throwsAsync(adoptedAccounts(database, { ...USERS, groups: other }));
    t.regex(wrong.message, /^accounts\.groups\.names\.table: there is no table auth_groups .* there are .*auth_group/);
    await run(database, 'drop table auth_group');
    await t.throwsAsync(accounts.findById('12'), { name: 'GatewayError', message: 'database unavailable' });
  });

  test(`${kind}: Laravel's roles are those of the model and the guard, and of exactly this id`, async (t) => {
    const database = await open(t);
    const ids = ['9b2c7c9e-5d5e-4f0a-8a1e-3f6f3a1d2b4c', '9B2C7C9E-5D5E-4F0A-8A1E-3F6F3A1D2B4C'];
    const add = await usersTable(database, { id: kind === 'mysql' ? 'char(36) collate utf8mb4_bin' : 'varchar' });
    await add({ id: ids[0] ?? '', email: 'ada@x' }, { id: ids[1] ?? '', email: 'bob@x' });
    await run(
      database,
      'create table roles (id bigint not null primary key, name varchar(255) not null, guard_name varchar(255) not null)',
      `create table model_has_roles (role_id bigint not null, model_type varchar(255) not null, model_id char(36) not null)${kind === 'mysql' ? ' default character set utf8mb4 collate utf8mb4_unicode_ci' : ''}`,
      "insert into roles values (1, 'editor', 'web'), (2, 'admin', 'web'), (3, 'admin', 'api'), (4, 'writer', 'api')",
    );
    const rows: [number, string, string | undefined][] = [
      [1, 'App\\Models\\User', ids[0]],
      [2, 'App\\Models\\Team', ids[0]],
      [4, 'App\\Models\\User', ids[0]],
      [2, 'App\\Models\\User', ids[1]],
    ];
    for (const [role_id, model_type, model_id] of rows) {
      await database.sql('model_has_roles').insert({ role_id, model_type, model_id });
    }
    const accounts = await adoptedAccounts(database, {
      ...USERS,
      groups: {
        table: 'model_has_roles',
        account: 'model_id',
        group: 'role_id',
        names: { table: 'roles', id: 'id', name: 'name', where: { guard_name: 'web' } },
        where: { model_type: 'App\\Models\\User' },
      },
    });
    t.deepEqual((await accounts.findById(ids[0] ?? ''))?.groups, ['editor']);
    t.deepEqual((await accounts.findById(ids[1] ?? ''))?.groups, ['admin']);
  });
}
