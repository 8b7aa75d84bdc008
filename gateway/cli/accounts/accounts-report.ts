import { namedGroups } from '../../access/identity-fields.ts';
import { hashRules } from '../../identify/passwords/hashes/hash-rules.ts';
import type { Settings } from '../../settings/schema/settings.ts';
import { readerOf } from '../../stores/accounts/adopted.ts';
import { type AdoptedTable, adoptedTable, type OpenTable, openTable } from '../../stores/accounts/adopted-table.ts';
import { sqlAccountStore } from '../../stores/accounts/store.ts';
import { tableName } from '../../stores/accounts/table-columns.ts';
import { rightsBeyondSelect } from '../../stores/catalog/rights.ts';
import type { Database } from '../../stores/database/connection.ts';
import { reviewGroups } from './groups.ts';
import { loginTimes } from './hash-forms.ts';
import { hashNotes } from './hash-notes.ts';
import { lookUpsOf } from './look-up.ts';
import type { AccountsReport } from './report.ts';
import { reviewAccounts } from './review.ts';
import { sampleOf } from './sample.ts';

/** The gateway's own table, in the schema that PostgreSQL has it in. */
function ownTable({ schema }: Pick<Database, 'schema'>): AdoptedTable {
  const named = (table: string) => (schema === null ? table : `"${schema.replaceAll('"', '""')}".${table}`);
  return {
    name: named('gatehouse_accounts'),
    columns: { id: 'id', email: 'email', logins: ['email'], password: 'password_hash' },
    idForm: null,
    confirmed: { column: 'confirmed_at' },
    groups: { table: named('gatehouse_account_groups'), account: 'account_id', name: 'name' },
  };
}

/**
 * Reads the table of accounts and describes it.
 *
 * @param size the number of rows to read; null: all
 * @throws OperatorError when the table does not match the configuration; GatewayError when the database does not answer
 */
export async function accountsReport(
  database: Database,
  settings: Pick<Settings, 'accounts' | 'routes' | 'scopes'>,
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
  const review = await reviewAccounts(table, reader.findByLogin, rules).finally(progress.clear);
  return {
    table: described.name,
    sampledOf: sample?.of ?? null,
    review,
    loginTimes: await loginTimes(review.forms, rules),
    notes: hashNotes(review.forms, rules),
    lookUps: adopted === null ? [] : await lookUpsOf(database, described.name, whole, reader.findByLogin),
    rights: adopted === null ? null : await rightsBeyondSelect(database, tableName(described.name)),
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
