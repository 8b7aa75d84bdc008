import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Account } from '../domain/account.ts';
import { partForTokens } from '../domain/account.ts';
import type { TokenClaims, Verification } from '../domain/identity.ts';
import { ownForm } from './own-form.ts';

export interface TokenSettings {
  /** 32 bytes or more each. The first signs, all verify. */
  readonly secrets: readonly string[];
  /** Milliseconds; a token that claims a longer life is refused. */
  readonly maxLifetime: number;
}

export interface TokenSigner {
  /** The names of the secrets: a token that none of them has signed is refused. The first signs. */
  readonly keyIds: readonly [string, ...string[]];
  /** Signs a token for the account. Both times are in whole seconds. */
  sign(account: Account, token: { jti: string; issuedAt: number; lifetime: number }): string;
  /** Never throws: whatever is not exactly a token of this gateway is refused, with a reason for the log. */
  verify(token: string): Verification;
}

/** Each kind of token has an audience of its own: a link that confirms an account can never open the API. */
const AUDIENCE = 'gatehouse:api';
/** How far the time may go back, in seconds: where another server of the database takes over, its clock counts. */
const CLOCK_SKEW = 30;

/**
 * Tokens of the gateway: JWTs with `kid`, `iss`, `aud`, `sub`, `jti`, `iat`, `exp`, and `bnd`, which binds the token to the
 * account's stamp so that a new password ends it without a word to anybody. They have these claims, and no other.
 *
 * @param now the time that all nodes have in common, in ms since 1970
 */
export function tokenSigner({ secrets, maxLifetime }: TokenSettings, now: () => number = Date.now): TokenSigner {
  // jsonwebtoken tries first at each call whether a text is a public key, which takes three times as long as the rest.
  const keys = new Map(secrets.map((secret) => [nameOf(secret), createSecretKey(secret, 'utf8')]));
  const [signingKey] = keys.values();
  const [signingId, ...otherIds] = keys.keys();
  if (signingKey === undefined || signingId === undefined) throw new TypeError('tokenSigner needs a secret');
  const form = ownForm(keys);
  const longest = maxLifetime / 1000;

  return {
    keyIds: [signingId, ...otherIds],

    sign(account, { jti, issuedAt, lifetime }) {
      return form.sign({
        aud: AUDIENCE,
        sub: account.id,
        jti,
        iat: issuedAt,
        exp: issuedAt + lifetime,
        bnd: bindingOf(signingKey, account.id, account.stamp),
      });
    },

    verify(token) {
      const seconds = now() / 1000;
      let opened: ReturnType<typeof form.open>;
      try {
        opened = form.open(token, AUDIENCE, seconds);
      } catch (error) {
        if (error instanceof jwt.TokenExpiredError) return { ok: false, reason: 'token expired' };
        return invalid(error instanceof Error ? error.message : String(error));
      }
      if (opened === null) return invalid('not a token as the gateway writes it, or signed with another key');
      const { key } = opened;
      const claims = claimsOf(opened.claims);
      if (claims === null) return invalid('a claim is missing, of the wrong type, or not ours');
      const { issuedAt, expiresAt, binding, ...who } = claims;
      if (issuedAt > seconds + CLOCK_SKEW) return invalid('issued in the future');
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

/** `iss`, `aud`, and those that `claimsOf` names. */
const CLAIMS = 7;

function claimsOf(payload: Record<string, unknown>): (TokenClaims & { readonly binding: string }) | null {
  const { aud, sub, jti, iat, exp, bnd } = payload;
  if (Object.keys(payload).length !== CLAIMS || aud !== AUDIENCE) return null;
  if (typeof sub !== 'string' || sub === '' || typeof jti !== 'string' || jti === '') return null;
  if (!isSeconds(iat) || !isSeconds(exp) || typeof bnd !== 'string') return null;
  return { accountId: sub, jti, issuedAt: iat, expiresAt: exp, binding: bnd };
}

/** Whether it is a moment in whole seconds since 1970. */
export function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
