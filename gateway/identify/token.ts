import type { Account, Outcome, Refusal, VerifiedToken } from '../state.ts';

export interface TokenIdentifier {
  findAccountById(id: string): Promise<Account | null>;
  /** @throws GatewayError 503 when too much time has passed since anybody could say what is revoked */
  requireFresh(): void;
  /** Whether this token was revoked by its id. */
  isDenied(jti: string): boolean;
  /** The moment, in ms since 1970, before which the account's tokens are void. */
  voidBefore(accountId: string): number;
  /** The token was accepted. */
  used(jti: string): void;
  /** Whether the token was issued under the account's present password and confirmation. */
  isBoundTo(token: VerifiedToken, account: Account): boolean;
}

/**
 * Identifies by a token of the gateway's own that has been verified, now or before. What the account may do is asked of
 * the account, not of the token.
 */
export function tokenIdentifier(ask: TokenIdentifier) {
  return async (token: VerifiedToken, scheme: 'basic' | 'bearer'): Promise<Outcome> => {
    const refused = (reason: Refusal): Outcome => ({ kind: 'refused', reason, scheme });
    if (token.claims.expiresAt * 1000 <= Date.now()) return refused('token expired');
    const { jti, accountId, issuedAt } = token.claims;
    const account = await ask.findAccountById(accountId);
    // Asked after the wait and not before it, or a revocation in between would be missed.
    ask.requireFresh();
    if (ask.isDenied(jti)) return refused('token revoked');
    if (account === null) return refused('account removed');
    if (!ask.isBoundTo(token, account)) return refused('account changed since the token');
    // Unconfirming voids the tokens too; whoever has one is then told that the account is unconfirmed, which is next.
    if (account.confirmed && issuedAt * 1000 < ask.voidBefore(accountId))
      return refused('all tokens of the account revoked');
    ask.used(jti);
    return { kind: 'found', identity: { by: 'token', account, token: token.claims, scheme } };
  };
}
