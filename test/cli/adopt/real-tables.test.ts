import test from 'ava';
import { accountsReport } from '../../../gateway/cli/accounts/accounts-report.ts';
import { findAccounts } from '../../../gateway/cli/adopt/find.ts';
import { usable } from '../../../gateway/cli/adopt/report.ts';
import { loginColumns } from '../../../gateway/settings/schema/account-options.ts';
import type { Settings } from '../../../gateway/settings/schema/settings.ts';
import { DIALECTS } from '../../../gateway/stores/accounts/dialects/dialects.ts';
import { DATABASES, migratedDatabase } from '../../lab/stores/database.ts';
import { FRAMEWORK_PAGES } from '../../stores/accounts/frameworks/expected.ts';
import { accountsIn, makeTables, pageNamed } from '../../stores/accounts/frameworks/pages.ts';

for (const { page, kinds } of FRAMEWORK_PAGES) {
  for (const kind of DATABASES.filter((kind) => kinds.includes(kind))) {
    test(`${kind}: in the tables that the program of docs/adopting/${page}.md made, the same users are proposed`, async (t) => {
      const database = await migratedDatabase(t, kind);
      await makeTables(page, database);
      const { found } = await findAccounts(database, null, (name) => DIALECTS[kind].quoted(name));
      const written = accountsIn(pageNamed(page).yaml[0] ?? '');
      const table = written.table?.replace('app.', '');
      const first = usable({ tables: [], found }).find(({ accounts }) => accounts.table === table);
      if (first === undefined || first.settings === null) return t.fail(JSON.stringify(found));
      const namesOf = ({ columns }: Settings['accounts']) => {
        return { id: columns?.id, password: columns?.password, ...loginColumns(columns) };
      };
      t.deepEqual(namesOf(first.settings.accounts), namesOf(written));
      const { review } = await accountsReport(database, first.settings, null);
      t.true(review.canLogIn.count > 0);
    });
  }
}
