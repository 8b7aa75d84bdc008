import type { Account } from './account.ts';

/** A token that has been verified: the claims that later stages need. Times are seconds since 1970. */
export interface TokenClaims {
  readonly jti: string;
  readonly accountId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** A token whose signature, kind and times are right. Whether it still stands depends on its account. */
export interface VerifiedToken {
  readonly ok: true;
  readonly claims: TokenClaims;
  /** Whether it was issued under the account's present stamp. Remembers the last stamp that it was. */
  isBoundTo(account: Account): boolean;
}

/** It is none of ours, or not as we would have made it; with what is wrong in particular. */
export type InvalidToken = `invalid token: ${string}`;

export type Verification = VerifiedToken | { readonly ok: false; readonly reason: InvalidToken | 'token expired' };

/** Why credentials are refused, for the log and the metrics. The client is told none of it. */
export type Refusal =
  | 'malformed credentials'
  | 'unknown account'
  | 'wrong password'
  | InvalidToken
  | 'token expired'
  | 'token revoked'
  | 'all tokens of the account revoked'
  | 'account removed'
  | 'account changed since the token';

/** Why what was good before is void now, for the log. */
export type Ended =
  | Refusal
  | 'account changed since the password'
  | 'account changed since the login'
  | 'account unconfirmed'
  | 'all sessions of the account ended';

/** How a credential is presented: by the scheme of `Authorization`, or in `X-API-Key`. */
export type Scheme = 'basic' | 'bearer' | 'api-key';

/**
 * User names, in whatever case, whose Basic password is a token, for clients that refuse an empty password, such as git and
 * Maven. No account can be asked for by one.
 */
export const TOKEN_USERS: ReadonlySet<string> = new Set(['token', 'x-token-auth']);

/** Who sends the request, and by what it was proven. */
export type Identity =
  | { readonly by: 'password'; readonly account: Account }
  | {
      readonly by: 'token';
      readonly account: Account;
      readonly token: VerifiedToken;
      /** How the token was presented. */
      readonly scheme: Scheme;
    };

/** What an identifier says of a credential. It throws only when a store that it must ask is out. */
export type Outcome =
  | { readonly kind: 'found'; readonly identity: Identity }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly reason: Refusal; readonly scheme: Scheme };
