import type { Account } from '../domain/account.ts';
import { OperatorError } from '../domain/errors.ts';
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
