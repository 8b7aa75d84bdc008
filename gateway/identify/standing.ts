import type { Account } from '../domain/account.ts';
import type { Ended, Identity, Refusal, VerifiedToken } from '../domain/identity.ts';

/** What a process knows that can end a credential. */
export interface Known {
  /** Whether this token was revoked by its id. */
  isDenied(jti: string): boolean;
  /** The moment, in ms since 1970, before which the account's tokens and sessions are void. */
  voidBefore(accountId: string): number;
  /** Whether the gateway replaces this hash by a stronger one of the same password. */
  isReplaced(hash: string): boolean;
  /** The time by which tokens are dated, in ms since 1970. */
  now(): number;
}

/** Who has logged in to the pages, and how the account was then. */
export interface Login {
  readonly email: string;
  readonly stamp: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/**
 * Says whether what was proven before still stands, and why not. Requests, what is open under a request's credentials, and
 * the sessions of the pages all ask here. Nothing is looked up: the caller brings the account as it is now.
 *
 * Each function returns null where the credential stands. `account` is null where there is none any more.
 */
export interface Standing {
  ofToken(token: VerifiedToken, account: Account | null): Refusal | null;
  /** @param proven the account as it was when its password was checked */
  ofPassword(proven: Account, account: Account | null): Ended | null;
  ofLogin(login: Login, account: Account | null): Ended | null;
  /** Whether a new request with the credentials of this one would be let in. */
  ofIdentity(identity: Identity, account: Account | null): Ended | null;
  /** As `ofIdentity`, as far as it can be said without the account. */
  withoutAccount(identity: Identity): Ended | null;
}

export function createStanding({ isDenied, voidBefore, isReplaced, now }: Known): Standing {
  const standing: Standing = {
    ofToken(token, account) {
      const { jti, accountId, issuedAt, expiresAt } = token.claims;
      if (hasExpired(expiresAt, now())) return 'token expired';
      if (isDenied(jti)) return 'token revoked';
      if (account === null) return 'account removed';
      if (!token.isBoundTo(account)) return 'account changed since the token';
      // Unconfirming voids the tokens too; whoever has one is then told that the account is unconfirmed.
      const isVoid = account.confirmed && issuedAt * 1000 < voidBefore(accountId);
      return isVoid ? 'all tokens of the account revoked' : null;
    },

    ofPassword(proven, account) {
      if (account === null) return 'account removed';
      if (account.email !== proven.email) return 'account changed since the password';
      if (account.passwordHash === proven.passwordHash) return null;
      // A new password draws a new stamp; a stronger hash of the same password does not.
      const isReplacement =
        account.stamp === proven.stamp && proven.passwordHash !== null && isReplaced(proven.passwordHash);
      return isReplacement && account.passwordHash !== null ? null : 'account changed since the password';
    },

    ofLogin({ email, stamp, createdAt }, account) {
      if (account === null) return 'account removed';
      if (account.stamp !== stamp || account.email !== email) return 'account changed since the login';
      return createdAt < voidBefore(account.id) ? 'all sessions of the account ended' : null;
    },

    ofIdentity(identity, account) {
      const ended =
        identity.by === 'token'
          ? standing.ofToken(identity.token, account)
          : standing.ofPassword(identity.account, account);
      return ended ?? (account?.confirmed ? null : 'account unconfirmed');
    },

    withoutAccount(identity) {
      if (identity.by !== 'token') return null;
      const { jti, accountId, issuedAt, expiresAt } = identity.token.claims;
      if (hasExpired(expiresAt, now())) return 'token expired';
      if (isDenied(jti)) return 'token revoked';
      return issuedAt * 1000 < voidBefore(accountId) ? 'all tokens of the account revoked' : null;
    },
  };
  return standing;
}

/** @param expiresAt seconds since 1970; `now` is in milliseconds */
export function hasExpired(expiresAt: number, now: number): boolean {
  return expiresAt * 1000 <= now;
}
