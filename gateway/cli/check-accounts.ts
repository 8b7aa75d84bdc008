import { namedGroups } from '../access/identity-fields.ts';
import { hashRules } from '../identify/passwords/hashes/hash-rules.ts';
import { readerOf } from '../stores/accounts/adopted.ts';
import { type AdoptedTable, adoptedTable, type OpenTable, openTable } from '../stores/accounts/adopted-table.ts';
import { sqlAccountStore } from '../stores/accounts/store.ts';
import { type Review, reviewAccounts } from './review-accounts.ts';
import { type GroupsReview, groupsText, reviewGroups } from './review-groups.ts';
import { alignedTable } from './table.ts';
import { withReadOnlyDatabase } from './with-database.ts';

const OWN_TABLE: AdoptedTable = {
  name: 'gatehouse_accounts',
  columns: { id: 'id', email: 'email', password: 'password_hash' },
  confirmed: { column: 'confirmed_at' },
  groups: { table: 'gatehouse_account_groups', account: 'account_id', name: 'name' },
};

/**
 * `check --accounts`: summarises the table of accounts and lists rows that can never log in; these make the exit code 1.
 *
 * Nothing is written. Progress is shown where standard error is a terminal.
 *
 * @throws OperatorError as `withReadOnlyDatabase` and `openTable` do
 */
export async function checkAccounts(config: string, json: boolean): Promise<void> {
  await withReadOnlyDatabase(config, async ({ database, settings }) => {
    const adopted = adoptedTable(settings.accounts);
    const progress = progressOn(process.stderr);
    const table = progress.of(await openTable(database, adopted ?? OWN_TABLE));
    const reader = adopted === null ? sqlAccountStore(database) : readerOf(database, adopted, table);
    const review = await reviewAccounts(table, reader.findByEmail, hashRules(settings.accounts)).finally(
      progress.clear,
    );
    const groups = reviewGroups(await table.countGroups(), namedGroups(settings));
    const name = (adopted ?? OWN_TABLE).name;
    process.stdout.write(
      json ? `${JSON.stringify({ ...asJson(name, review), ...groups })}\n` : asText(name, review, groups),
    );
    if (review.never > 0) process.exitCode = 1;
  });
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

function asJson(table: string, { rows, canLogIn, unconfirmed, never, formats, obstacles }: Review) {
  return { table, rows, can_log_in: canLogIn, unconfirmed, never, formats, obstacles };
}

function asText(
  table: string,
  { rows, canLogIn, unconfirmed, never, formats, obstacles }: Review,
  groups: GroupsReview,
): string {
  const summary = [
    [String(rows), `rows in ${table}`],
    [String(canLogIn), 'can log in'],
    [String(unconfirmed), 'can log in once confirmed'],
    [String(never), 'can never log in'],
  ];
  const hashes = formats.map(({ format, parameters, count }) => [String(count), format, parameters]);
  const reasons = obstacles.map(({ reason, count, ids }) => {
    const more = count > ids.length && ids.length > 0 ? ', …' : '';
    return [String(count), `${reason}${ids.length === 0 ? '' : `; id ${ids.map(shown).join(', ')}${more}`}`];
  });
  return [
    ...[summary, hashes, reasons].filter((part) => part.length > 0).map(alignedTable),
    ...groupsText(groups),
  ].join('\n');
}

/** An id that is long, or not printable ASCII, is shown as a JSON string. */
function shown(id: string): string {
  return /^[\x21-\x7e]{1,60}$/.test(id) ? id : JSON.stringify(id.slice(0, 60));
}
