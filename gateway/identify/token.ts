import { type Soon, whenThere } from '../soon.ts';
import type { Account, Outcome, Refusal, VerifiedToken } from '../state.ts';

export interface TokenIdentifier {
  findAccountById(id: string): Soon<Account | null>;
  /** @throws GatewayError 503 when too much time has passed since anybody could say what is revoked */
  requireFresh(): void;
  /** Whether this token was revoked by its id. */
  isDenied(jti: string): boolean;
  /** The moment, in ms since 1970, before which the account's tokens are void. */
  voidBefore(accountId: string): number;
  /** The token was accepted. */
  used(jti: string): void;
}

/**
 * Identifies by a token of the gateway's own that has been verified, now or before. What the account may do is asked of
 * the account, not of the token.
 */
export function tokenIdentifier(ask: TokenIdentifier) {
  const judge = (token: VerifiedToken, account: Account | null, scheme: Scheme): Outcome => {
    const { jti, accountId, issuedAt } = token.claims;
    // Asked after the wait for the account and not before it, or a revocation in between would be missed.
    ask.requireFresh();
    if (ask.isDenied(jti)) return refused('token revoked', scheme);
    if (account === null) return refused('account removed', scheme);
    if (!token.isBoundTo(account)) return refused('account changed since the token', scheme);
    // Unconfirming voids the tokens too; whoever has one is then told that the account is unconfirmed, which is next.
    if (account.confirmed && issuedAt * 1000 < ask.voidBefore(accountId)) {
      return refused('all tokens of the account revoked', scheme);
    }
    ask.used(jti);
    return { kind: 'found', identity: { by: 'token', account, token: token.claims, scheme } };
  };

  return (token: VerifiedToken, scheme: Scheme): Soon<Outcome> => {
    const { accountId, expiresAt } = token.claims;
    if (expiresAt * 1000 <= Date.now()) return refused('token expired', scheme);
    return whenThere(ask.findAccountById(accountId), (account) => judge(token, account, scheme));
  };
}

type Scheme = 'basic' | 'bearer';

function refused(reason: Refusal, scheme: Scheme): Outcome {
  return { kind: 'refused', reason, scheme };
}
