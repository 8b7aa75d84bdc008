import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { accountsReport } from '../../../gateway/cli/accounts/accounts-report.ts';
import { findAccounts } from '../../../gateway/cli/adopt/find.ts';
import { adoptText, usable } from '../../../gateway/cli/adopt/report.ts';
import { checkSettings } from '../../../gateway/settings/read/check.ts';
import { DIALECTS } from '../../../gateway/stores/accounts/dialects/dialects.ts';
import { DATABASES, type DatabaseKind, migratedDatabase } from '../../lab/stores/database.ts';
import { OTHERS } from './other-schemas.ts';
import { PHP } from './php-schemas.ts';
import { PYTHON } from './python-schemas.ts';
import type { Schema } from './schema.ts';

const ROUTES = 'routes: [{ name: orders, path: /api/v1/orders, upstream: http://127.0.0.1:9 }]\n';

for (const kind of DATABASES) {
  for (const schema of [...PYTHON, ...PHP, ...OTHERS]) {
    test(`${kind}: the users of ${schema.framework} are proposed as a section that check takes, with their groups (${schema.about})`, async (t) => {
      const database = await made(t, kind, schema);
      const search = await findAccounts(database, null, (name) => DIALECTS[kind].quoted(name));
      const [first] = usable(search);
      if (first?.settings === undefined || first.settings === null) return t.fail(JSON.stringify(search.found));
      t.is(first.candidate.framework?.name, schema.framework);
      const { confirmedWhen } = schema.accounts;
      t.deepEqual(parse(first.yaml), {
        accounts: {
          ...schema.accounts,
          ...(typeof confirmedWhen === 'object' && { confirmedWhen: (confirmedWhen as Record<string, string>)[kind] }),
        },
      });

      const check = await accountsReport(database, first.settings, null);
      const [users = []] = [schema.rows[String(schema.accounts.table)]];
      t.is(check.review.never, 0, JSON.stringify(check.review.obstacles));
      t.is(check.review.canLogIn.count + check.review.unconfirmed.count, users.length);
      t.deepEqual(
        check.groups.groups.map(({ name }) => name),
        schema.groups ?? [],
      );

      const text = adoptText({ database: 'somewhere', search, check }, 'hidden');
      const pasted = checkSettings(`${text}${ROUTES}`, 'pasted.yaml', {}, ['tokens.secrets']);
      t.is(pasted.kind, 'valid', JSON.stringify(pasted));
      t.notRegex(text, /ada@x|\$2[aby]\$|\$argon2/);
    });
  }
}

async function made(t: ExecutionContext, kind: DatabaseKind, { tables, rows }: Schema) {
  const database = await migratedDatabase(t, kind);
  for (const statement of tables[kind]) await database.sql.raw(statement);
  for (const [table, all] of Object.entries(rows)) await database.sql(table).insert([...all]);
  return database;
}
