import test, { type ExecutionContext } from 'ava';
import { adoptedAccounts } from '../../../gateway/stores/accounts/adopted.ts';
import { type AccountReader, sqlAccountStore } from '../../../gateway/stores/accounts/store.ts';
import { DATABASES, type DatabaseKind, migratedDatabase } from '../../lab/stores/database.ts';
import { USERS, usersTable } from './adopted-tables.ts';

interface Filled {
  readonly accounts: AccountReader;
  add(email: string, passwordHash: string | null, confirmed: boolean): Promise<void>;
}

async function own(t: ExecutionContext, kind: DatabaseKind): Promise<Filled> {
  const store = sqlAccountStore(await migratedDatabase(t, kind));
  const add = async (email: string, passwordHash: string | null, confirmed: boolean) => {
    await store.add({ email, passwordHash, confirmed });
  };
  return { accounts: store, add };
}

const adopted =
  (types: Parameters<typeof usersTable>[1]) =>
  async (t: ExecutionContext, kind: DatabaseKind): Promise<Filled> => {
    const database = await migratedDatabase(t, kind);
    const insert = await usersTable(database, types);
    let id = 0;
    const add = (email: string, password: string | null, confirmed: boolean) =>
      insert({ id: ++id, email, password, confirmed: confirmed ? 1 : 0 });
    return { accounts: await adoptedAccounts(database, USERS), add };
  };

const collated = (collation: string) =>
  adopted({ email: `varchar(255) character set ${collation.split('_')[0]} collate ${collation}` });

const TABLES: [string, DatabaseKind, (t: ExecutionContext, kind: DatabaseKind) => Promise<Filled>][] = [
  ...DATABASES.map((kind): (typeof TABLES)[number] => ['own table', kind, own]),
  ['adopted table', 'sqlite', adopted({})],
  ['adopted table, nocase', 'sqlite', adopted({ email: 'text collate nocase' })],
  ...[
    'utf8mb4_general_ci',
    'utf8mb4_unicode_ci',
    'utf8mb4_bin',
    'latin1_swedish_ci',
    'latin1_bin',
    'latin1_general_cs',
    'utf8mb3_general_ci',
    'utf8mb3_turkish_ci',
    'utf8mb4_danish_ci',
  ].map((collation): (typeof TABLES)[number] => [`adopted table, ${collation}`, 'mysql', collated(collation)]),
  ['adopted table, bytes', 'mysql', adopted({ email: 'varbinary(255)' })],
  ...[
    'text',
    'varchar(255)',
    'char(100)',
    'text collate "C"',
    'text collate "und-x-icu"',
    'text collate "tr-x-icu"',
  ].map((email): (typeof TABLES)[number] => [`adopted table, ${email}`, 'postgres', adopted({ email })]),
];

for (const [name, kind, open] of TABLES) {
  test(`${kind}, ${name}: an account is found by its email in whatever case, and by its id`, async (t) => {
    const { accounts, add } = await open(t, kind);
    await add('Ada@Example.com', '$2y$hash ', true);
    await add('bob@example.com', null, false);
    const ada = await accounts.findByLogin('aDA@example.COM');
    t.like(ada, { id: '1', email: 'Ada@Example.com', passwordHash: '$2y$hash ', confirmed: true });
    t.deepEqual(await accounts.findById('1'), ada);
    t.like(await accounts.findByLogin('bob@example.com'), { id: '2', passwordHash: null, confirmed: false });
    t.is(await accounts.findByLogin('carol@example.com'), null);
    t.is(await accounts.findById('3'), null);
  });

  test(`${kind}, ${name}: emails are one where Unicode says so, whatever the collation would say`, async (t) => {
    const { accounts, add } = await open(t, kind);
    await add('ümit@x', null, false);
    await add('o@x', null, false);
    for (const same of ['ümit@x', 'ÜMIT@X', 'u\u0308mit@x', 'U\u0308MIT@x']) {
      t.is((await accounts.findByLogin(same))?.id, '1', same);
    }
    const others = ['umit@x', 'ümit@x ', ' ümit@x', 'ümit@x\0', 'ümıt@x', 'üm%@x', 'ümit@x\u200b', '', 'ö@x', '日本@x'];
    for (const other of [...others, '🔑@x', 'o@x ', `${'o'.repeat(5000)}@x`, "o@x' or '1'='1", '?', '\ud800@x']) {
      t.is(await accounts.findByLogin(other), null, JSON.stringify(other));
    }
  });

  test(`${kind}, ${name}: only the exact decimal id finds an account`, async (t) => {
    const { accounts, add } = await open(t, kind);
    await add('a@x', null, false);
    const others = ['1abc', '01', ' 1', '1 ', '1.0', '+1', '1e0', '0x1', '', '0', '-1', 'NaN', '١', '9007199254740993'];
    for (const id of [...others, '9'.repeat(400), '9'.repeat(20), '1\0', "1' or '1'='1"]) {
      t.is(await accounts.findById(id), null, JSON.stringify(id));
    }
    t.not(await accounts.findById('1'), null);
  });
}
