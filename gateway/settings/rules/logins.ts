import { loginColumns } from '../schema/account-options.ts';
import type { Conflict, Readable } from './readable.ts';

/** What needs the emails of accounts that have none. */
export function conflictsOfLogins({ accounts, identity, assertion }: Readable): Conflict[] {
  if (accounts?.table === undefined || loginColumns(accounts.columns).email !== null) return [];
  const message =
    'needs accounts.columns.email, which is left out beside accounts.columns.login; must be left out too, or name that column';
  const claim = assertion?.claims?.indexOf('email') ?? -1;
  return [
    ...(identity?.email ? [{ path: ['identity', 'email'], message }] : []),
    ...(claim === -1 ? [] : [{ path: ['assertion', 'claims', claim], message }]),
  ];
}
