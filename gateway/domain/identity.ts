import type { Account } from './account.ts';

/** What a token is restricted to, beyond what its account may do. */
export interface TokenRestrictions {
  /** The names of its scopes; null: those of its account. */
  readonly scope: readonly string[] | null;
  /** The networks that it may be used from; null: any. */
  readonly addresses: readonly string[] | null;
}

/** A token that may do what its account may, from anywhere. */
export const UNRESTRICTED: TokenRestrictions = { scope: null, addresses: null };

/** The claims of a verified token that later stages need. Times are seconds since 1970. */
export interface TokenClaims extends TokenRestrictions {
  readonly jti: string;
  readonly accountId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** A token with a valid signature, audience and times. Whether it is accepted also depends on its account (`standing.ts`). */
export interface VerifiedToken {
  readonly ok: true;
  readonly claims: TokenClaims;
  /** Whether it was issued under the account's current stamp. Caches the last stamp that matched. */
  isBoundTo(account: Account): boolean;
  /** Whether it may be used from the address of a client. */
  isAllowedFrom(address: string): boolean;
}

/** Not issued by this gateway, or malformed; with the details. */
export type InvalidToken = `invalid token: ${string}`;

export type Verification = VerifiedToken | { readonly ok: false; readonly reason: InvalidToken | 'token expired' };

/** An account's cutoff in ms since 1970: earlier tokens and sessions are revoked; 0: none. From memory. */
export type CutoffOf = (accountId: string) => number;

/**
 * As `CutoffOf`, but reads the database first, so it includes all revocations of all nodes up to this call.
 *
 * @throws GatewayError 503 when the database is unavailable
 */
export type ReadCutoff = (accountId: string) => Promise<number>;

/** Why credentials are refused. For logs and metrics; never sent to the client. */
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

/** Why a credential that was valid before is now invalid, for the log. */
export type Ended =
  | Refusal
  | 'account changed since the password'
  | 'account changed since the login'
  | 'account unconfirmed'
  | 'all sessions of the account ended'
  | 'account lost what the route requires';

/** How a credential is presented: in `Authorization` by this scheme, or in `X-API-Key`. */
export type Scheme = 'basic' | 'bearer' | 'api-key';

/** In any case of ASCII: a user name with the Kelvin sign, whose lower case is `k`, is somebody's login. */
const TOKEN_USER = /^(?:token|x-token-auth)$/i;

/**
 * Whether the Basic password of this user name is a token: for clients that require a password, such as git and Maven. Such a
 * name is never the email of an account.
 */
export function isTokenUser(user: string): boolean {
  return TOKEN_USER.test(user);
}

/** The account that sends a request, and the credential that proved it. */
export type Identity =
  | { readonly by: 'password'; readonly account: Account }
  | {
      readonly by: 'token';
      readonly account: Account;
      readonly token: VerifiedToken;
      /** How the token was presented. */
      readonly scheme: Scheme;
    };

/** The result of identification. An identifier throws only when a store that it needs is unavailable. */
export type Outcome =
  | { readonly kind: 'found'; readonly identity: Identity }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly reason: Refusal; readonly scheme: Scheme };
