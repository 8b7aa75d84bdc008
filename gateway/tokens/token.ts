import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { partForTokens } from '../accounts/stamp.ts';
import type { Account, TokenClaims, Verification } from '../state.ts';

export interface TokenSettings {
  /** 32 bytes or more each. The first signs, all verify. */
  readonly secrets: readonly string[];
  /** Milliseconds; a token that claims a longer life is refused. */
  readonly maxLifetime: number;
}

export interface TokenSigner {
  /** Signs a token for the account. Both times are in whole seconds. */
  sign(account: Account, token: { jti: string; issuedAt: number; lifetime: number }): string;
  /** Never throws: whatever is not exactly a token of this gateway is refused, with a reason for the log. */
  verify(token: string): Verification;
}

const ISSUER = 'gatehouse';
/** Each kind of token has an audience of its own: a link that confirms an account can never open the API. */
const AUDIENCE = 'gatehouse:api';
/** How far the clocks of two nodes may lie apart, in seconds. */
const CLOCK_SKEW = 30;

/**
 * Tokens of the gateway: JWTs (RFC 7519) signed with HS256, with `kid`, `iss`, `aud`, `sub`, `jti`, `iat`, `exp`, and
 * `bnd`, which binds the token to the account's stamp so that a new password ends it without a word to anybody.
 *
 * RFC 8725 sections 3.1 to 3.12: the algorithm is ours and not the token's, the key is chosen among ours by `kid`, and
 * issuer, audience and subject are all checked.
 */
export function tokenSigner({ secrets, maxLifetime }: TokenSettings): TokenSigner {
  // jsonwebtoken tries first at each call whether a text is a public key, which takes three times as long as the rest.
  const keys = new Map(secrets.map((secret) => [nameOf(secret), createSecretKey(secret, 'utf8')]));
  const [signing] = keys;
  if (signing === undefined) throw new TypeError('tokenSigner needs a secret');
  const [signingId, signingKey] = signing;
  const longest = maxLifetime / 1000;

  return {
    sign(account, { jti, issuedAt, lifetime }) {
      const payload = {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: account.id,
        jti,
        iat: issuedAt,
        exp: issuedAt + lifetime,
        bnd: bindingOf(signingKey, account.id, account.stamp),
      };
      return jwt.sign(payload, signingKey, { algorithm: 'HS256', keyid: signingId });
    },

    verify(token) {
      const keyId = keyIdOf(token);
      const key = keys.get(keyId);
      if (key === undefined) return invalid('not a token, or signed with another key');
      let payload: unknown;
      try {
        payload = jwt.verify(token, key, { algorithms: ['HS256'], issuer: ISSUER, audience: AUDIENCE });
      } catch (error) {
        if (error instanceof jwt.TokenExpiredError) return { ok: false, reason: 'token expired' };
        return invalid(error instanceof Error ? error.message : String(error));
      }
      const claims = claimsOf(payload);
      if (claims === null) return invalid('a claim is missing or of the wrong type');
      const { issuedAt, expiresAt, binding, ...who } = claims;
      const now = Date.now() / 1000;
      if (issuedAt > now + CLOCK_SKEW) return invalid('issued in the future');
      if (expiresAt - issuedAt > longest || expiresAt <= issuedAt) return invalid('lifetime not allowed');
      const isBoundTo = boundBy(binding, (stamp) => bindingOf(key, who.accountId, stamp));
      return { ok: true, isBoundTo, claims: { ...who, issuedAt, expiresAt } };
    },
  };
}

/** @param expected the binding that a token of the account has under a stamp */
function boundBy(binding: string, expected: (stamp: string) => string): (account: Account) => boolean {
  const given = Buffer.from(binding);
  let proven: string | null = null;
  return ({ stamp }) => {
    if (stamp === proven) return true;
    const right = Buffer.from(expected(stamp));
    if (given.length !== right.length || !timingSafeEqual(given, right)) return false;
    proven = stamp;
    return true;
  };
}

function invalid(what: string): Verification {
  return { ok: false, reason: `invalid token: ${what}` };
}

/** The public name of a secret: tells which one signed, and nothing about it. */
export function nameOf(secret: string | Buffer): string {
  return createHmac('sha256', secret).update('gatehouse key id').digest('base64url').slice(0, 11);
}

function bindingOf(key: KeyObject, accountId: string, stamp: string): string {
  return createHmac('sha256', key)
    .update(JSON.stringify(['binding', accountId, partForTokens(stamp)]))
    .digest('base64url')
    .slice(0, 22);
}

/** Reads `kid` from a token nobody has verified, only to choose among our own keys. */
export function keyIdOf(token: string): string {
  try {
    const decoded = jwt.decode(token, { complete: true });
    return typeof decoded?.header.kid === 'string' ? decoded.header.kid : '';
  } catch {
    return '';
  }
}

function claimsOf(payload: unknown): (TokenClaims & { readonly binding: string }) | null {
  if (typeof payload !== 'object' || payload === null) return null;
  const { sub, jti, iat, exp, bnd } = payload as Record<string, unknown>;
  if (typeof sub !== 'string' || sub === '' || typeof jti !== 'string' || jti === '') return null;
  if (typeof iat !== 'number' || typeof exp !== 'number' || typeof bnd !== 'string') return null;
  return { accountId: sub, jti, issuedAt: iat, expiresAt: exp, binding: bnd };
}
