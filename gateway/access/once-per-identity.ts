import type { Account } from '../domain/account.ts';

/** A function of an account, and of the scope that its token was issued with; null: a password, or a token without one. */
export type OfIdentity<T> = (account: Account, issued: readonly string[] | null) => T;

/**
 * Computes a value once for each account and token, not for each request. A changed account is another object, and the
 * list of a cached token is the same one at every request.
 */
export function oncePerIdentity<T>(compute: OfIdentity<T>): OfIdentity<T> {
  const ofAccounts = new WeakMap<Account, T>();
  const ofTokens = new WeakMap<readonly string[], { readonly account: Account; readonly value: T }>();

  return (account, issued) => {
    if (issued === null) {
      const known = ofAccounts.get(account);
      if (known !== undefined) return known;
      const value = compute(account, null);
      ofAccounts.set(account, value);
      return value;
    }
    const known = ofTokens.get(issued);
    if (known?.account === account) return known.value;
    const value = compute(account, issued);
    ofTokens.set(issued, { account, value });
    return value;
  };
}
