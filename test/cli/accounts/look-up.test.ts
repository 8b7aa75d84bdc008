import test, { type ExecutionContext } from 'ava';
import { lookUpsOf } from '../../../gateway/cli/accounts/look-up.ts';
import { readerOf } from '../../../gateway/stores/accounts/adopted.ts';
import { openTable } from '../../../gateway/stores/accounts/adopted-table.ts';
import { DATABASES, type DatabaseKind, migratedDatabase } from '../../lab/stores/database.ts';
import { USERS, usersTable } from '../../stores/accounts/adopted-tables.ts';

/** An index that the look-up uses, and a column that has one which it cannot use. */
const INDEXED = {
  sqlite: {
    email: 'varchar(255)',
    good: 'create index by_email on "app-users" ("e-mail" collate nocase)',
    bad: 'create index by_email on "app-users" ("e-mail")',
  },
  mysql: {
    email: 'varchar(255) collate utf8mb4_unicode_ci',
    good: 'create index by_email on `app-users` (`e-mail`)',
    bad: null,
  },
  postgres: {
    email: 'varchar(255)',
    good: 'create index by_email on "app-users" (lower("e-mail"))',
    bad: 'create index by_email on "app-users" ("e-mail")',
  },
} as const;

for (const kind of DATABASES) {
  test(`${kind}: the look-up by email is by an index where there is one for it, also on a small table`, async (t) => {
    const { good, email } = INDEXED[kind];
    const lookUp = await lookUpWith(t, kind, email, good);
    t.deepEqual([lookUp?.isFullScan, lookUp?.indexes, lookUp?.advice], [false, ['by_email'], null]);
    t.true((lookUp?.milliseconds ?? -1) >= 0);
    if (kind === 'mysql') t.is(lookUp?.collation, 'utf8mb4_unicode_ci');
  });

  test(`${kind}: a look-up that reads the whole table is told, with what makes it use an index`, async (t) => {
    const { bad, email } = INDEXED[kind];
    const lookUp = await lookUpWith(t, kind, kind === 'mysql' ? 'varchar(255) collate utf8mb4_bin unique' : email, bad);
    t.deepEqual([lookUp?.isFullScan, lookUp?.indexes], [true, []]);
    t.regex(lookUp?.advice ?? '', kind === 'mysql' ? /ignores case/ : /^create index /);
  });
}

async function lookUpWith(t: ExecutionContext, kind: DatabaseKind, email: string, index: string | null) {
  const database = await migratedDatabase(t, kind);
  const insert = await usersTable(database, { email });
  await insert(...Array.from({ length: 20 }, (_, id) => ({ id, email: `${id}@x` })));
  if (index !== null) await database.sql.raw(index);
  const table = await openTable(database, USERS);
  const [lookUp] = await lookUpsOf(database, USERS.name, table, readerOf(database, table).findByLogin);
  return lookUp;
}
