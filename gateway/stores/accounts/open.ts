import type { Settings } from '../../settings/schema/settings.ts';
import type { Database } from '../database/connection.ts';
import { adoptedAccounts } from './adopted.ts';
import { adoptedTable } from './adopted-table.ts';
import { type AccountReader, sqlAccountStore } from './store.ts';

/**
 * Opens the accounts: in the gateway's own table, or in the table that the configuration names.
 *
 * @throws OperatorError when that table does not match the configuration; GatewayError when the database is unavailable
 */
export async function openAccounts(database: Database, settings: Settings['accounts']): Promise<AccountReader> {
  const table = adoptedTable(settings);
  return table === null ? sqlAccountStore(database) : await adoptedAccounts(database, table);
}
