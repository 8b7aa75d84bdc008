import type { Account, Outcome } from '../state.ts';

export interface PasswordIdentifier {
  /** The account with this email, or `null`; rejects when the store is out. */
  findAccount(email: string): Promise<Account | null>;
  /** Whether the password belongs to the hash; costs the same where there is no hash (`null`). */
  checkPassword(hash: string | null, password: string): Promise<boolean>;
}

/** Identifies by email and password. An unknown account is refused as late as a wrong password. */
export function passwordIdentifier({ findAccount, checkPassword }: PasswordIdentifier) {
  return async (email: string, password: string): Promise<Outcome> => {
    const account = await findAccount(email);
    const proven = await checkPassword(account?.passwordHash ?? null, password);
    if (account === null || !proven) {
      return { kind: 'refused', reason: account === null ? 'unknown account' : 'wrong password', scheme: 'basic' };
    }
    return { kind: 'found', identity: { by: 'password', account } };
  };
}
