import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Account } from '../domain/account.ts';
import { derivedKey } from './derived-key.ts';
import { ownForm } from './own-form.ts';
import { isSeconds, nameOf } from './token.ts';

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

/** Each purpose is an audience of its own, and none is that of the API. */
const AUDIENCE = { confirm: 'gatehouse:confirm', reset: 'gatehouse:reset', email: 'gatehouse:email' } as const;
/** How far the time may go back, in seconds, as for tokens. */
const CLOCK_SKEW = 30;

/**
 * Links that prove who reads the mail of an address: JWTs in the form of the tokens, signed with keys of their own, so
 * that neither opens where the other does. `bnd` binds each to the state of its account. Using it changes that state, and
 * so does every other change: it works once, and nothing has to be kept for that.
 *
 * @param secrets 32 bytes or more each. The first signs, all verify.
 * @param now the time that all nodes have in common, in ms since 1970
 */
export function createLinks({ secrets }: { secrets: readonly string[] }, now: () => number = Date.now): Links {
  const keys = new Map(secrets.map((secret) => derivedKey(secret, 'mailed links')).map((key) => [nameOf(key), key]));
  const [signingKey] = keys.values();
  if (signingKey === undefined) throw new TypeError('createLinks needs a secret');
  const form = ownForm(keys);
  const opened = (text: string, audience: string) => {
    try {
      return form.open(text, audience, now() / 1000);
    } catch {
      return null;
    }
  };

  return {
    make(content, account, lifetime) {
      const issuedAt = Math.floor(now() / 1000);
      return form.sign({
        aud: AUDIENCE[content.purpose],
        sub: account.id,
        iat: issuedAt,
        exp: issuedAt + Math.ceil(lifetime / 1000),
        bnd: bindingOf(signingKey, account),
        ...(content.purpose === 'email' && { email: content.email, end: content.endTokens }),
      });
    },

    open(purpose, text) {
      const link = opened(text, AUDIENCE[purpose]);
      const claims = link && claimsOf(link.claims);
      if (link === null || claims === null || claims.audience !== AUDIENCE[purpose]) return null;
      if (claims.issuedAt > now() / 1000 + CLOCK_SKEW || claims.expiresAt <= claims.issuedAt) return null;
      const { accountId, change, binding } = claims;
      if ((change !== null) !== (purpose === 'email')) return null;
      return {
        accountId,
        change,
        isFor: (account) => account.id === accountId && isSame(binding, bindingOf(link.key, account)),
      };
    },
  };
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

/** `iss` and those that every link has; and the two of a new email. */
const CLAIMS = 6;
const CLAIMS_OF_CHANGE = 2;

function claimsOf(payload: Record<string, unknown>): LinkClaims | null {
  const { aud, sub, iat, exp, bnd, email, end } = payload;
  if (typeof aud !== 'string' || typeof sub !== 'string' || sub === '') return null;
  if (!isSeconds(iat) || !isSeconds(exp) || typeof bnd !== 'string') return null;
  const common = { audience: aud, accountId: sub, issuedAt: iat, expiresAt: exp, binding: bnd };
  const others = Object.keys(payload).length - CLAIMS;
  if (others === 0) return { ...common, change: null };
  if (others !== CLAIMS_OF_CHANGE || typeof email !== 'string' || typeof end !== 'boolean') return null;
  return { ...common, change: { email, endTokens: end } };
}
