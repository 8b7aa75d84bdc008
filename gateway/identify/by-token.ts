import type { Account } from '../domain/account.ts';
import type { Outcome, Scheme, TokenClaims, VerifiedToken } from '../domain/identity.ts';
import { andThen, type MaybePromise } from '../domain/maybe-promise.ts';
import { hasExpired, type Standing } from './standing.ts';

export interface TokenDeps {
  findAccountById(id: string): MaybePromise<Account | null>;
  /** @throws GatewayError 503 when the list of revocations is older than `tokens.maxStaleness` */
  requireFresh(): void;
  /** Why the token is no longer accepted; null: it is. */
  ended: Standing['ofToken'];
  /** Called for each accepted token. */
  used(token: TokenClaims): void;
  /** The database's time in ms since 1970, by which tokens are dated. */
  now(): number;
}

/** Identifies by a token whose signature has been verified, now or before. The account is looked up on each request. */
export function tokenIdentifier(deps: TokenDeps) {
  const judge = (token: VerifiedToken, account: Account | null, scheme: Scheme): Outcome => {
    // Checked after the account has arrived, so that no revocation during the wait is missed.
    deps.requireFresh();
    const reason = deps.ended(token, account);
    if (reason !== null || account === null) return { kind: 'refused', reason: reason ?? 'account removed', scheme };
    deps.used(token.claims);
    return { kind: 'found', identity: { by: 'token', account, token, scheme } };
  };

  return (token: VerifiedToken, scheme: Scheme): MaybePromise<Outcome> => {
    const { accountId, expiresAt } = token.claims;
    // An expired token needs no look-up.
    if (hasExpired(expiresAt, deps.now())) return { kind: 'refused', reason: 'token expired', scheme };
    return andThen(deps.findAccountById(accountId), (account) => judge(token, account, scheme));
  };
}
