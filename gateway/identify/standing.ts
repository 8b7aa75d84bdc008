import { type Account, haveSameLogins } from '../domain/account.ts';
import { GatewayError } from '../domain/errors.ts';
import type { CutoffOf, Ended, Identity, Refusal, TokenClaims, VerifiedToken } from '../domain/identity.ts';

export interface StandingDeps {
  /** Whether this token was revoked by id. */
  isDenied(jti: string): boolean;
  readonly cutoffOf: CutoffOf;
  /** Whether the gateway replaces this hash by a stronger one of the same password. */
  isReplaced(hash: string): boolean;
  /** @throws GatewayError 503 when the list of revocations is older than `tokens.maxStaleness` */
  requireFresh(): void;
  /** The database's time in ms since 1970, by which tokens are dated. */
  now(): number;
}

/** A login to the pages, with the account's logins and stamp at that time. */
export interface Login {
  readonly logins: readonly string[];
  readonly stamp: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/**
 * The rule of whether a proven credential is still accepted, and why not. Requests, open exchanges and the sessions of the
 * pages all use it. (`stores/tokens/store.ts` repeats the part about tokens as an SQL condition.) It looks nothing up: the
 * caller passes the current account, null when it was removed.
 *
 * Each function returns null when the credential is accepted.
 */
export interface Standing {
  ofToken(token: VerifiedToken, account: Account | null): Refusal | null;
  /** @param proven the account as it was when its password was checked */
  ofPassword(proven: Account, account: Account | null): Ended | null;
  /** @throws GatewayError 503 when the list of revocations is too old to say */
  ofLogin(login: Login, account: Account | null): Ended | null;
  /** Whether a new request with the credentials of this one would be accepted. */
  ofIdentity(identity: Identity, account: Account | null): Ended | null;
  /** The part of `ofToken` that needs no account. */
  ofClaims(claims: TokenClaims): Refusal | null;
  /** The part of `ofIdentity` that needs no account. */
  withoutAccount(identity: Identity): Ended | null;
}

export function createStanding({ isDenied, cutoffOf, isReplaced, requireFresh, now }: StandingDeps): Standing {
  const ofItself = ({ jti, expiresAt }: TokenClaims): Refusal | null => {
    if (hasExpired(expiresAt, now())) return 'token expired';
    return isDenied(jti) ? 'token revoked' : null;
  };
  const isBeforeCutoff = ({ accountId, issuedAt }: TokenClaims) => issuedAt * 1000 < cutoffOf(accountId);

  const standing: Standing = {
    ofToken(token, account) {
      const ended = ofItself(token.claims);
      if (ended !== null) return ended;
      if (account === null) return 'account removed';
      if (!token.isBoundTo(account)) return 'account changed since the token';
      // Unconfirming an account revokes its tokens too, but their holders get 403, which says that it is unconfirmed.
      return account.confirmed && isBeforeCutoff(token.claims) ? 'all tokens of the account revoked' : null;
    },

    ofPassword(proven, account) {
      if (account === null) return 'account removed';
      if (!haveSameLogins(account, proven.logins)) return 'account changed since the password';
      if (account.passwordHash === proven.passwordHash) return null;
      // A new password sets a new stamp; a stronger hash of the same password does not.
      const isReplacement =
        account.stamp === proven.stamp && proven.passwordHash !== null && isReplaced(proven.passwordHash);
      return isReplacement && account.passwordHash !== null ? null : 'account changed since the password';
    },

    ofLogin({ logins, stamp, createdAt }, account) {
      requireFresh();
      if (account === null) return 'account removed';
      if (account.stamp !== stamp || !haveSameLogins(account, logins)) return 'account changed since the login';
      return createdAt < cutoffOf(account.id) ? 'all sessions of the account ended' : null;
    },

    ofIdentity(identity, account) {
      const ended =
        identity.by === 'token'
          ? standing.ofToken(identity.token, account)
          : standing.ofPassword(identity.account, account);
      return ended ?? (account?.confirmed ? null : 'account unconfirmed');
    },

    ofClaims: (claims) => ofItself(claims) ?? (isBeforeCutoff(claims) ? 'all tokens of the account revoked' : null),

    withoutAccount: (identity) => (identity.by === 'token' ? standing.ofClaims(identity.token.claims) : null),
  };
  return standing;
}

/** @param expiresAt seconds since 1970. @param now milliseconds since 1970 */
export function hasExpired(expiresAt: number, now: number): boolean {
  return expiresAt * 1000 <= now;
}

/** @throws GatewayError 403 for an unconfirmed account; reveals this only to clients that have proven its credentials */
export function requireConfirmed(identity: Identity): void {
  if (!identity.account.confirmed) throw new GatewayError('forbidden', 'unconfirmed account');
}
