import test from 'ava';
import { adoptedAccounts } from '../../../gateway/stores/accounts/adopted.ts';
import { type AdoptedTable, openTable } from '../../../gateway/stores/accounts/adopted-table.ts';
import { openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migrate } from '../../../gateway/stores/database/migrate.ts';
import { temporaryPostgres } from '../../lab/stores/database.ts';

const HASH = '$2b$04$abcdefghijklmnopqrstuuXNrCbGTmGzQNBaZrb8Mz8zCwXSQYkWi';

const PEOPLE: AdoptedTable = {
  name: 'people',
  columns: { id: 'id', email: 'email', logins: ['email'], password: 'hash' },
  idForm: null,
  confirmed: { column: 'state' },
  groups: {
    table: 'members',
    account: 'person',
    group: 'role',
    names: { table: 'roles', id: 'id', name: 'name' },
    where: { state: 'on' },
  },
};

/** PostgreSQL prefers these to its own, which take `text`, wherever they are on the search path (CVE-2018-1058). */
const TRAPS = ['varchar', 'key', 'mood', 'name', 'bpchar'].flatMap((type) => [
  ...['lower', 'to_json'].map(
    (name) => `create function ${name}(${type}) returns text language plpgsql as 'begin raise ''trap''; end'`,
  ),
  ...(type === 'bpchar' || type === 'name' ? [] : ['=', '>', '<>']).flatMap((operator, index) => [
    `create function trap${index}(${type}, ${type}) returns boolean language plpgsql as 'begin raise ''trap''; end'`,
    `create operator ${operator} (function = trap${index}, leftarg = ${type}, rightarg = ${type})`,
  ]),
]);

test('functions and operators of another role, made for the types of an application, are not run', async (t) => {
  const database = openDatabase(await temporaryPostgres(t), { timeout: 10_000 });
  t.teardown(() => database.close());
  const { sql } = database;
  await sql.raw("create type mood as enum ('on', 'off')");
  await sql.raw('create domain key as varchar(40)');
  for (const trap of TRAPS) await sql.raw(trap);
  t.regex(String(await t.throwsAsync(async () => await sql.raw("select lower('a'::varchar)"))), /trap/);
  await migrate(database);

  for (const type of ['varchar(40)', 'key', 'char(40)', 'name']) {
    await sql.raw(
      `create table people (id ${type}, email ${type}, hash ${type === 'name' ? 'text' : 'varchar(80)'}, state mood)`,
    );
    await sql.raw(`create table members (person ${type}, role ${type}, state mood)`);
    await sql.raw(`create table roles (id ${type}, name varchar(40))`);
    await sql('roles').insert({ id: 'staff', name: 'staff' });
    await sql('people').insert({ id: 'ada', email: 'ada@x', hash: HASH, state: 'on' });
    await sql('members').insert({ person: 'ada', role: 'staff', state: 'on' });

    const accounts = await adoptedAccounts(database, PEOPLE);
    t.like(await accounts.findByLogin('ADA@x'), { id: 'ada', groups: ['staff'] }, type);
    t.is((await accounts.findByLogin('ädä@x'))?.id, undefined, type);
    const table = await openTable(database, PEOPLE);
    t.is((await Array.fromAsync(table.chunks())).flat().length, 1, type);
    t.is((await table.sharedIds()).size, 0, type);
    t.deepEqual([...(await table.countGroups()).valid], [['staff', 1]], type);
    for (const name of ['people', 'members', 'roles']) await sql.raw(`drop table ${name}`);
  }
});
