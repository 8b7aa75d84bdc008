import { namedGroups } from '../access/identity-fields.ts';
import { hashRules } from '../identify/passwords/hashes/hash-rules.ts';
import { readerOf } from '../stores/accounts/adopted.ts';
import { type AdoptedTable, adoptedTable, type OpenTable, openTable } from '../stores/accounts/adopted-table.ts';
import { sqlAccountStore } from '../stores/accounts/store.ts';
import type { Database } from '../stores/database/connection.ts';
import { reviewGroups } from './accounts/groups.ts';
import { loginTimes } from './accounts/hash-forms.ts';
import { hashNotes } from './accounts/hash-notes.ts';
import { type AccountsReport, type Emails, reportJson, reportText } from './accounts/report.ts';
import { reviewAccounts } from './accounts/review.ts';
import { sampleOf } from './accounts/sample.ts';
import { type OpenDatabase, withReadOnlyDatabase } from './with-database.ts';

/** The gateway's own table, in the schema that PostgreSQL has it in. */
function ownTable({ schema }: Pick<Database, 'schema'>): AdoptedTable {
  const named = (table: string) => (schema === null ? table : `"${schema.replaceAll('"', '""')}".${table}`);
  return {
    name: named('gatehouse_accounts'),
    columns: { id: 'id', email: 'email', password: 'password_hash' },
    confirmed: { column: 'confirmed_at' },
    groups: { table: named('gatehouse_account_groups'), account: 'account_id', name: 'name' },
  };
}

/** How `check --accounts` reads and reports. */
export interface CheckAccountsOptions {
  readonly json: boolean;
  readonly emails: Emails;
  /** The number of rows to read; null: all. */
  readonly sample: number | null;
}

/**
 * `check --accounts`: describes the table of accounts, and lists rows that can never log in; these make the exit code 1.
 *
 * Nothing is written. Progress is shown where standard error is a terminal.
 *
 * @throws OperatorError as `withReadOnlyDatabase` and `openTable` do
 */
export async function checkAccounts(config: string, { json, emails, sample }: CheckAccountsOptions): Promise<void> {
  await withReadOnlyDatabase(config, async (open) => {
    const report = await accountsReport(open, sample);
    process.stdout.write(json ? `${JSON.stringify(reportJson(report, emails))}\n` : reportText(report, emails));
    if (report.review.never > 0) process.exitCode = 1;
  });
}

/**
 * Reads the table of accounts and describes it.
 *
 * @param size the number of rows to read; null: all
 * @throws OperatorError when the table does not match the configuration; GatewayError when the database does not answer
 */
export async function accountsReport(
  { database, settings }: OpenDatabase,
  size: number | null,
): Promise<AccountsReport> {
  const adopted = adoptedTable(settings.accounts);
  const described = adopted ?? ownTable(database);
  const whole = await openTable(database, described);
  const reader = adopted === null ? sqlAccountStore(database) : readerOf(database, whole);
  const sample = size === null ? null : await sampleOf(whole, size);
  const progress = progressOn(process.stderr);
  const rules = hashRules(settings.accounts);
  const table = progress.of(sample?.table ?? whole);
  const review = await reviewAccounts(table, reader.findByEmail, rules).finally(progress.clear);
  return {
    table: described.name,
    sampledOf: sample?.of ?? null,
    review,
    loginTimes: await loginTimes(review.forms, rules),
    notes: hashNotes(review.forms, rules),
    groups: reviewGroups(await whole.countGroups(), namedGroups(settings)),
  };
}

/** Shows on a terminal how many rows have been read, in both passes together. Writes nothing elsewhere. */
function progressOn(terminal: NodeJS.WriteStream) {
  let rows = 0;
  const show = (text: string) => {
    // Returns to the start of the line and erases it (ECMA-48: EL).
    if (terminal.isTTY) terminal.write(`\r\x1b[K${text}`);
  };
  return {
    of: (table: OpenTable): OpenTable => ({
      ...table,
      async *chunks() {
        for await (const chunk of table.chunks()) {
          yield chunk;
          rows += chunk.length;
          show(`${rows} rows read (the table is read twice)`);
        }
      },
    }),
    clear: () => show(''),
  };
}
