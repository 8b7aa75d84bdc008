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
      const [first, ...others] = pageNamed(page).yaml.map(accountsIn);
      const written = [...others, first].find((accounts) => accounts?.columns?.login !== undefined) ?? first;
      if (written === undefined) return t.fail(`${page}.md has no configuration`);
      const table = written.table?.replace('app.', '');
      const proposed = usable({ tables: [], found }).find(({ accounts }) => accounts.table === table);
      if (proposed === undefined || proposed.settings === null) return t.fail(JSON.stringify(found));
      const namesOf = ({ columns }: Settings['accounts']) => {
        return { id: columns?.id, password: columns?.password, ...loginColumns(columns) };
      };
      t.deepEqual(namesOf(proposed.settings.accounts), namesOf(written));
      const { review } = await accountsReport(database, proposed.settings, null);
      t.true(review.canLogIn.count > 0);
    });
  }
}
