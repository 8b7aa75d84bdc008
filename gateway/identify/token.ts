import type { Account, Outcome, Verification, VerifiedToken } from '../state.ts';

export interface TokenIdentifier {
  /** The claims of a token that this gateway issued and that has not expired, or why it is refused. */
  verifyToken(token: string): Verification;
  findAccountById(id: string): Promise<Account | null>;
  /** Whether the token was issued under the account's present password and confirmation. */
  isBoundTo(token: VerifiedToken, account: Account): boolean;
}

/** Identifies by a token of the gateway's own. What the account may do is asked of the account, not of the token. */
export function tokenIdentifier({ verifyToken, findAccountById, isBoundTo }: TokenIdentifier) {
  return async (text: string, scheme: 'basic' | 'bearer'): Promise<Outcome> => {
    const token = verifyToken(text);
    if (!token.ok) return { kind: 'refused', reason: token.reason, scheme };
    const account = await findAccountById(token.claims.accountId);
    if (account === null) return { kind: 'refused', reason: 'account removed', scheme };
    if (!isBoundTo(token, account)) return { kind: 'refused', reason: 'account changed since the token', scheme };
    return { kind: 'found', identity: { by: 'token', account, token: token.claims } };
  };
}
