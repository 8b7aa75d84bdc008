import { adoptedTable, openTable } from '../accounts/adopted-table.ts';
import { isConfirmedValue } from '../accounts/confirmed-value.ts';
import { type AccountSummary, sqlAccountStore } from '../accounts/store.ts';
import type { Database } from '../database/connection.ts';
import type { Settings } from '../settings/schema.ts';
import { alignedTable } from './table.ts';

/** Every account, as JSON or as a table for the eye, from whichever table holds them. */
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
    created_at: iso(createdAt),
    confirmed_at: confirmedAt === null ? null : iso(confirmedAt),
  };
}

function tableOf(accounts: readonly AccountSummary[]): string {
  const rows = accounts.map(({ id, email, createdAt, confirmedAt }) => [
    id,
    email,
    iso(createdAt),
    confirmedAt === null ? 'no' : iso(confirmedAt),
  ]);
  return alignedTable([['ID', 'EMAIL', 'CREATED', 'CONFIRMED'], ...rows]);
}

/** UTC, to the second. */
function iso(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}
