import test, { type ExecutionContext } from 'ava';
import { createStanding } from '../../../gateway/identify/standing.ts';
import { adoptedAccounts } from '../../../gateway/stores/accounts/adopted.ts';
import type { AdoptedTable } from '../../../gateway/stores/accounts/adopted-table.ts';
import type { AccountReader } from '../../../gateway/stores/accounts/store.ts';
import type { Database } from '../../../gateway/stores/database/connection.ts';
import { DATABASES, type DatabaseKind, migratedDatabase } from '../../lab/stores/database.ts';

interface Person {
  readonly id: number;
  readonly username: string | null;
  readonly email?: string | null;
  readonly phone?: string | null;
}

const KINDS = DATABASES;

function usersBy(logins: readonly string[], email: string | null = 'email'): AdoptedTable {
  const columns = { id: 'id', email, logins, password: 'password' };
  return { name: 'users', columns, idForm: null, confirmed: { expression: '1 = 1' }, groups: null };
}

async function withPeople(t: ExecutionContext, kind: DatabaseKind, people: readonly Person[], phone = 'varchar(40)') {
  const database = await migratedDatabase(t, kind);
  await database.sql.raw(
    `create table users (id int primary key, username varchar(150), email varchar(254), phone ${phone}, password varchar(128))`,
  );
  for (const { id, username, email = null, phone = null } of people) {
    await database.sql('users').insert({ id, username, email, phone, password: 'hash' });
  }
  return database;
}

/** The id of the account that each text names; `ambiguous` with the ids of several. */
async function namedBy(accounts: AccountReader, ...texts: string[]): Promise<(string | null)[]> {
  const found: (string | null)[] = [];
  for (const text of texts) {
    let several = '';
    const account = await accounts.findByLogin(text, (ids) => {
      several = `ambiguous ${ids.toSorted().join(' ')}`;
    });
    found.push(account?.id ?? (several === '' ? null : several));
  }
  return found;
}

const opened = (database: Database, logins: readonly string[], email?: string | null) =>
  adoptedAccounts(database, usersBy(logins, email));

for (const kind of KINDS) {
  test(`${kind}: a user name is compared exactly, whatever the collation of the column says`, async (t) => {
    const database = await withPeople(t, kind, [
      { id: 1, username: 'ada', email: 'ada@x' },
      { id: 2, username: 'ADA', email: 'other@x' },
      { id: 3, username: 'Zoë', email: 'zoe@x' },
    ]);
    const accounts = await opened(database, ['username']);
    t.deepEqual(await namedBy(accounts, 'ada', 'ADA', 'Ada', 'ada ', 'Zoë', 'Zoe', 'Zoe\u0308', ''), [
      ...['1', '2', null, null],
      ...['3', null, null, null],
    ]);
    t.like(await accounts.findByLogin('ada'), { email: 'ada@x', logins: ['ada'] });
    t.is(await accounts.findByLogin('ada@x'), null, 'the email is no login');
  });

  test(`${kind}: whoever takes the email of another as user name neither gets in there nor locks the other out`, async (t) => {
    const database = await withPeople(t, kind, [
      { id: 1, username: 'victim', email: 'Victim@example.com' },
      { id: 2, username: 'victim@example.com', email: 'attacker@example.com' },
      { id: 3, username: 'own@example.com', email: 'own@example.com' },
      { id: 4, username: 'nobody', email: 'victim' },
    ]);
    for (const logins of [
      ['username', 'email'],
      ['email', 'username'],
    ]) {
      const accounts = await opened(database, logins);
      t.deepEqual(
        await namedBy(accounts, 'victim', 'victim@example.com', 'VICTIM@EXAMPLE.COM', 'attacker@example.com'),
        ['1', '1', '1', '2'],
      );
      t.deepEqual(await namedBy(accounts, 'own@example.com', 'nobody', 'Victim'), ['3', '4', null]);
    }
  });

  test(`${kind}: a text that two accounts log in with, in the same or in different columns, is nobody's`, async (t) => {
    const database = await withPeople(t, kind, [
      { id: 1, username: 'ada', phone: '4930123' },
      { id: 2, username: '4930123', phone: '4930999' },
      { id: 3, username: 'twice', phone: null },
      { id: 4, username: 'twice', phone: '1' },
      { id: 5, username: '555', phone: '555' },
    ]);
    const accounts = await opened(database, ['username', 'phone'], null);
    t.deepEqual(await namedBy(accounts, '4930123', 'twice', 'ada', '4930999', '1', '555', '04930123'), [
      ...['ambiguous 1 2', 'ambiguous 3 4', '1', '2', '4', '5', null],
    ]);
    t.like(await accounts.findById('1'), { email: '', logins: ['ada', '4930123'] });
    t.like(await accounts.findById('5'), { logins: ['555'] });
  });

  test(`${kind}: a phone number in a column of numbers is found by its digits alone`, async (t) => {
    const people = [{ id: 1, username: 'ada', phone: '4930123' }];
    const accounts = await opened(await withPeople(t, kind, people, 'bigint'), ['phone'], null);
    t.deepEqual(await namedBy(accounts, '4930123', '+4930123', '04930123', '4930123.0', '4930123 or 1=1', 'x'), [
      ...['1', null, null, null, null, null],
    ]);
  });

  test(`${kind}: an account without any login is nobody`, async (t) => {
    const database = await withPeople(t, kind, [
      { id: 1, username: null, phone: '' },
      { id: 2, username: null, phone: '7' },
    ]);
    const accounts = await opened(database, ['username', 'phone'], null);
    t.is(await accounts.findById('1'), null);
    t.is((await accounts.findById('2'))?.logins[0], '7');
  });

  test(`${kind}: a password is void once a login of its account is another's`, async (t) => {
    const database = await withPeople(t, kind, [{ id: 1, username: 'ada', phone: '1' }]);
    const accounts = await opened(database, ['username', 'phone'], null);
    const standing = createStanding({
      isDenied: () => false,
      cutoffOf: () => 0,
      requireFresh() {},
      isReplaced: () => false,
      now: Date.now,
    });
    const proven = await accounts.findByLogin('ada');
    t.truthy(proven);
    if (proven === null) return;
    t.is(standing.ofPassword(proven, await accounts.findById('1')), null);
    await database.sql('users').update({ phone: '2' });
    t.is(standing.ofPassword(proven, await accounts.findById('1')), 'account changed since the password');
  });

  test(`${kind}: a column that is missing is named by its option`, async (t) => {
    const database = await withPeople(t, kind, []);
    await t.throwsAsync(opened(database, ['nick']), { message: /accounts\.columns\.login: users has no column nick/ });
  });
}

test('mysql: a user name that the character set of the column lacks is nobody', async (t) => {
  const database = await migratedDatabase(t, 'mysql');
  await database.sql.raw(
    'create table users (id int primary key, username varchar(150), email varchar(254), password varchar(128)) charset latin1',
  );
  await database.sql('users').insert({ id: 1, username: 'Zoë?', email: 'zoe@x', password: 'hash' });
  const accounts = await opened(database, ['username']);
  t.deepEqual(await namedBy(accounts, 'Zoë?', 'Zoë中', '中'), ['1', null, null]);
});
