import type { Account } from '../domain/account.ts';
import { OperatorError } from '../domain/errors.ts';
import { loadWithoutSecrets } from '../settings/read/load.ts';
import type { AccountReader } from '../stores/accounts/store.ts';

/** @throws OperatorError when no account logs in with this text, or several do */
export async function existingAccount(accounts: AccountReader, login: string): Promise<Account> {
  let several: readonly string[] = [];
  const account = await accounts.findByLogin(login, (ids) => {
    several = ids;
  });
  if (account !== null) return account;
  if (several.length === 0) throw noAccount(login);
  const ids = several.slice(0, 5).join(', ');
  throw new OperatorError(
    `Several accounts have the login ${login}, with the ids ${ids}, so nobody can log in with it: change it in the application.`,
  );
}

export function noAccount(login: string): OperatorError {
  return new OperatorError(`No account logs in with ${login}: \`user list\` shows all accounts.`);
}

/**
 * Refuses, before opening the database, to change accounts in an application's own table.
 *
 * @param config the configuration file
 * @throws OperatorError
 */
export function requireOwnTable(config: string): void {
  const { table } = loadWithoutSecrets(config, process.env).accounts;
  if (table === undefined) return;
  throw new OperatorError(
    `The accounts are in ${table}, the application's own table, which the gateway only reads: change the account in the ` +
      'application; the gateway follows within accounts.cache.',
  );
}
