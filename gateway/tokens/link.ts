import { createHmac, timingSafeEqual } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Account } from '../state.ts';
import { derivedKey } from './derived-key.ts';
import { keyIdOf, nameOf } from './token.ts';

export type LinkPurpose = 'confirm' | 'reset' | 'email';

/** An email that an account is to have, and whether its tokens end when it gets it. */
export interface EmailChange {
  readonly email: string;
  readonly endTokens: boolean;
}

/** What a link is for: to confirm an account, to choose a password anew, or to give the account another email. */
export type LinkContent = { readonly purpose: 'confirm' | 'reset' } | ({ readonly purpose: 'email' } & EmailChange);

/** A link that we have made and that has not expired. Whether it still stands depends on its account. */
export interface OpenedLink {
  readonly accountId: string;
  /** null but for the purpose `email`. */
  readonly change: EmailChange | null;
  /** Whether this is the account that it was made for, in the very state that it had then. */
  isFor(account: Account): boolean;
}

export interface Links {
  /** The token that a mailed link carries. @param lifetime milliseconds */
  make(content: LinkContent, account: Account, lifetime: number): string;
  /** Never throws. @returns null for whatever is not exactly a link of ours for this purpose */
  open(purpose: LinkPurpose, text: string): OpenedLink | null;
}

const ISSUER = 'gatehouse';
/** Each purpose is an audience of its own, and none is that of the API. */
const AUDIENCE = { confirm: 'gatehouse:confirm', reset: 'gatehouse:reset', email: 'gatehouse:email' } as const;
/** How far the clocks of two nodes may lie apart, in seconds. */
const CLOCK_SKEW = 30;

/**
 * Links that prove who reads the mail of an address: JWTs as `tokenSigner` makes them, signed with keys of their own, so
 * that neither opens where the other does. `bnd` binds each to the state of its account. Using it changes that state, and
 * so does every other change: it works once, and nothing has to be kept for that.
 *
 * @param secrets 32 bytes or more each. The first signs, all verify.
 */
export function createLinks({ secrets }: { secrets: readonly string[] }): Links {
  const keys = new Map(secrets.map((secret) => derivedKey(secret, 'mailed links')).map((key) => [nameOf(key), key]));
  const [signing] = keys;
  if (signing === undefined) throw new TypeError('createLinks needs a secret');
  const [signingId, signingKey] = signing;

  return {
    make(content, account, lifetime) {
      const issuedAt = Math.floor(Date.now() / 1000);
      const payload = {
        iss: ISSUER,
        aud: AUDIENCE[content.purpose],
        sub: account.id,
        iat: issuedAt,
        exp: issuedAt + Math.ceil(lifetime / 1000),
        bnd: bindingOf(signingKey, account),
        ...(content.purpose === 'email' && { email: content.email, end: content.endTokens }),
      };
      return jwt.sign(payload, signingKey, { algorithm: 'HS256', keyid: signingId });
    },

    open(purpose, text) {
      const key = keys.get(keyIdOf(text));
      if (key === undefined) return null;
      const claims = claimsOf(verified(text, key, AUDIENCE[purpose]));
      if (claims === null || claims.audience !== AUDIENCE[purpose]) return null;
      if (claims.issuedAt > Date.now() / 1000 + CLOCK_SKEW || claims.expiresAt <= claims.issuedAt) return null;
      const { accountId, change, binding } = claims;
      if ((change !== null) !== (purpose === 'email')) return null;
      return {
        accountId,
        change,
        isFor: (account) => account.id === accountId && isSame(binding, bindingOf(key, account)),
      };
    },
  };
}

/** RFC 8725 sections 3.1 and 3.8 to 3.12, as for tokens. */
function verified(text: string, key: Buffer, audience: string): unknown {
  try {
    return jwt.verify(text, key, { algorithms: ['HS256'], issuer: ISSUER, audience });
  } catch {
    return null;
  }
}

function bindingOf(key: Buffer, { id, stamp, email, confirmed }: Account): string {
  return createHmac('sha256', key)
    .update(JSON.stringify(['state', id, stamp, email, confirmed]))
    .digest('base64url')
    .slice(0, 22);
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

interface LinkClaims {
  readonly audience: string;
  readonly accountId: string;
  /** Seconds since 1970, as is the end. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly binding: string;
  readonly change: EmailChange | null;
}

function claimsOf(payload: unknown): LinkClaims | null {
  if (typeof payload !== 'object' || payload === null) return null;
  const { aud, sub, iat, exp, bnd, email, end } = payload as Record<string, unknown>;
  if (typeof aud !== 'string' || typeof sub !== 'string' || sub === '') return null;
  if (typeof iat !== 'number' || typeof exp !== 'number' || typeof bnd !== 'string') return null;
  const common = { audience: aud, accountId: sub, issuedAt: iat, expiresAt: exp, binding: bnd };
  if (email === undefined && end === undefined) return { ...common, change: null };
  if (typeof email !== 'string' || typeof end !== 'boolean') return null;
  return { ...common, change: { email, endTokens: end } };
}
