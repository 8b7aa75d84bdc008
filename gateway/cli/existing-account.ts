import type { Account } from '../domain/account.ts';
import { OperatorError } from '../domain/errors.ts';
import { loadWithoutSecrets } from '../settings/read/load.ts';
import type { AccountReader } from '../stores/accounts/store.ts';

/** @throws OperatorError when no account has this email */
export async function existingAccount(accounts: AccountReader, email: string): Promise<Account> {
  const account = await accounts.findByEmail(email);
  if (account === null) throw noAccount(email);
  return account;
}

export function noAccount(email: string): OperatorError {
  return new OperatorError(`No account has the email ${email}: \`user list\` shows all accounts.`);
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
