import type { Settings } from '../settings/schema/settings.ts';
import { isConfirmedValue } from '../stores/accounts/adopted.ts';
import { adoptedTable, loginsOf, openTable } from '../stores/accounts/adopted-table.ts';
import { type AccountSummary, sqlAccountStore } from '../stores/accounts/store.ts';
import type { Database } from '../stores/database/connection.ts';
import { alignedTable, momentText } from './table.ts';

/** All accounts, as JSON or as a table, from the gateway's own table or the application's. */
export async function listAccounts(database: Database, settings: Settings['accounts'], json: boolean): Promise<string> {
  const table = adoptedTable(settings);
  if (table === null) {
    const all = await sqlAccountStore(database).list();
    return json ? `${JSON.stringify(all.map(listed))}\n` : tableOf(all);
  }
  const open = await openTable(database, table);
  const names = table.columns.logins.filter((name) => name !== table.columns.email);
  const all: { id: string | null; email: string | null; logins: readonly (string | null)[]; confirmed: boolean }[] = [];
  for await (const rows of open.chunks()) {
    for (const row of rows) {
      const logins = loginsOf(row, open).filter((_, index) => open.logins[index]?.isEmail === false);
      all.push({ id: row.id, email: row.email, logins, confirmed: isConfirmedValue(row.confirmed) });
    }
  }
  if (json) {
    const named = (logins: readonly (string | null)[]) =>
      Object.fromEntries(logins.map((login, i) => [names[i], login]));
    const listed = all.map(({ logins, ...row }) => (names.length === 0 ? row : { ...row, logins: named(logins) }));
    return `${JSON.stringify(listed)}\n`;
  }
  const emails = (email: string | null) => (table.columns.email === null ? [] : [email ?? 'NULL']);
  const rows = all.map(({ id, email, logins, confirmed }) => [
    ...[id ?? 'NULL', ...logins.map((login) => login ?? 'NULL'), ...emails(email)],
    confirmed ? 'yes' : 'no',
  ]);
  const heads = [...names.map((name) => name.toUpperCase()), ...emails('EMAIL')];
  return alignedTable([['ID', ...heads, 'CONFIRMED'], ...rows]);
}

function listed({ id, email, createdAt, confirmedAt }: AccountSummary) {
  return {
    id,
    email,
    confirmed: confirmedAt !== null,
    created_at: momentText(createdAt),
    confirmed_at: confirmedAt === null ? null : momentText(confirmedAt),
  };
}

function tableOf(accounts: readonly AccountSummary[]): string {
  const rows = accounts.map(({ id, email, createdAt, confirmedAt }) => [
    id,
    email,
    momentText(createdAt),
    confirmedAt === null ? 'no' : momentText(confirmedAt),
  ]);
  return alignedTable([['ID', 'EMAIL', 'CREATED', 'CONFIRMED'], ...rows]);
}
