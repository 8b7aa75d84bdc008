import type { Account } from './account.ts';

/** A token that has been verified: the claims that later stages need. Times are seconds since 1970. */
export interface TokenClaims {
  readonly jti: string;
  readonly accountId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** A token with a valid signature, audience and times. Whether it still stands depends on its account. */
export interface VerifiedToken {
  readonly ok: true;
  readonly claims: TokenClaims;
  /** Whether it was issued under the account's present stamp. Remembers the last stamp that matched. */
  isBoundTo(account: Account): boolean;
}

/** Not issued here, or malformed; with the details. */
export type InvalidToken = `invalid token: ${string}`;

export type Verification = VerifiedToken | { readonly ok: false; readonly reason: InvalidToken | 'token expired' };

/** The moment, in ms since 1970, before which an account's tokens and sessions are void; 0: none. From memory. */
export type CutoffOf = (accountId: string) => number;

/**
 * The same, including everything that any node has revoked up to this call. Reads the database.
 *
 * @throws GatewayError 503 when the database is unavailable
 */
export type ReadCutoff = (accountId: string) => Promise<number>;

/** Why credentials are refused, for the log and the metrics. Clients never learn it. */
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

/** Why a credential that was valid before is void now, for the log. */
export type Ended =
  | Refusal
  | 'account changed since the password'
  | 'account changed since the login'
  | 'account unconfirmed'
  | 'all sessions of the account ended';

/** How a credential is presented: in `Authorization` by this scheme, or in `X-API-Key`. */
export type Scheme = 'basic' | 'bearer' | 'api-key';

/**
 * User names, in any case, whose Basic password is a token, for clients that refuse an empty password, such as git and
 * Maven. They never name an account.
 */
export const TOKEN_USERS: ReadonlySet<string> = new Set(['token', 'x-token-auth']);

/** The account that sends a request, and the credential that proves it. */
export type Identity =
  | { readonly by: 'password'; readonly account: Account }
  | {
      readonly by: 'token';
      readonly account: Account;
      readonly token: VerifiedToken;
      /** How the token was presented. */
      readonly scheme: Scheme;
    };

/** The result of identification. An identifier throws only when a store that it must ask is out. */
export type Outcome =
  | { readonly kind: 'found'; readonly identity: Identity }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly reason: Refusal; readonly scheme: Scheme };
