import type { Settings } from '../settings/schema/settings.ts';
import { isConfirmedValue } from '../stores/accounts/adopted.ts';
import { adoptedTable, openTable } from '../stores/accounts/adopted-table.ts';
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
  const all: { id: string | null; email: string | null; confirmed: boolean }[] = [];
  for await (const rows of (await openTable(database, table)).chunks()) {
    all.push(...rows.map(({ id, email, confirmed }) => ({ id, email, confirmed: isConfirmedValue(confirmed) })));
  }
  if (json) return `${JSON.stringify(all)}\n`;
  const rows = all.map(({ id, email, confirmed }) => [id ?? 'NULL', email ?? 'NULL', confirmed ? 'yes' : 'no']);
  return alignedTable([['ID', 'EMAIL', 'CONFIRMED'], ...rows]);
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
