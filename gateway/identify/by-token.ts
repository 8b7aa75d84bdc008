import type { Account } from '../domain/account.ts';
import type { Outcome, Scheme, TokenClaims, VerifiedToken } from '../domain/identity.ts';
import { andThen, type MaybePromise } from '../domain/maybe-promise.ts';
import { hasExpired, type Standing } from './standing.ts';

export interface TokenDeps {
  findAccountById(id: string): MaybePromise<Account | null>;
  /** @throws GatewayError 503 when the list of revocations is older than `tokens.maxStaleness` */
  requireFresh(): void;
  /** Why the token no longer stands; null: it does. */
  ended: Standing['ofToken'];
  /** The token was accepted. */
  used(token: TokenClaims): void;
  /** The time by which tokens are dated, in ms since 1970. */
  now(): number;
}

/** Identifies by a token whose signature has been verified, now or before. The account is looked up on each request. */
export function tokenIdentifier(ask: TokenDeps) {
  const judge = (token: VerifiedToken, account: Account | null, scheme: Scheme): Outcome => {
    // After the wait for the account: before it, a revocation in between would be missed.
    ask.requireFresh();
    const reason = ask.ended(token, account);
    if (reason !== null || account === null) return { kind: 'refused', reason: reason ?? 'account removed', scheme };
    ask.used(token.claims);
    return { kind: 'found', identity: { by: 'token', account, token, scheme } };
  };

  return (token: VerifiedToken, scheme: Scheme): MaybePromise<Outcome> => {
    const { accountId, expiresAt } = token.claims;
    // An expired token needs no look-up.
    if (hasExpired(expiresAt, ask.now())) return { kind: 'refused', reason: 'token expired', scheme };
    return andThen(ask.findAccountById(accountId), (account) => judge(token, account, scheme));
  };
}
