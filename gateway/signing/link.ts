import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Account } from '../domain/account.ts';
import { COMMON_CLAIMS, jwtCodec } from './jwt.ts';
import { derivedKey, keyRing } from './keys.ts';
import { bindingOf, isEqual } from './mac.ts';

export type LinkPurpose = 'confirm' | 'reset' | 'email';

/** The new email of an account, and whether its tokens are revoked with the change. */
export interface EmailChange {
  readonly email: string;
  readonly endTokens: boolean;
}

/** What a link does: confirms an account, sets a new password, or changes the email. */
export type LinkContent = { readonly purpose: 'confirm' | 'reset' } | ({ readonly purpose: 'email' } & EmailChange);

/** A valid, unexpired link of this gateway. Whether it is accepted also depends on its account (`isFor`). */
export interface VerifiedLink {
  readonly accountId: string;
  /** null unless the purpose is `email`. */
  readonly change: EmailChange | null;
  /** Whether the link was made for this account, and the account has not changed since. */
  isFor(account: Account): boolean;
}

export interface Links {
  /** @param lifetime milliseconds @returns the token for a mailed link */
  make(content: LinkContent, account: Account, lifetime: number): string;
  /** Never throws. @returns null unless the text is a valid link for this purpose */
  verify(purpose: LinkPurpose, text: string): VerifiedLink | null;
}

const CLAIMS = z.strictObject(COMMON_CLAIMS);
const EMAIL_CLAIMS = z.strictObject({ ...COMMON_CLAIMS, email: z.string(), end: z.boolean() });

/**
 * Links that prove access to a mailbox: JWTs like tokens, but with separate keys and audiences, so that neither is valid as
 * the other. `bnd` binds a link to the state of its account. Every change of the account changes that state, also a change by
 * the link itself: so a link works once, and nothing has to be stored.
 *
 * @param secrets 32 bytes or more each. The first signs, all verify.
 * @param now the time that all nodes share, in ms since 1970
 */
export function createLinks({ secrets }: { secrets: readonly string[] }, now: () => number = Date.now): Links {
  const keys = keyRing(secrets.map((secret) => derivedKey(secret, 'mailed links')));
  const plain = {
    confirm: jwtCodec(keys, 'gatehouse:confirm', CLAIMS),
    reset: jwtCodec(keys, 'gatehouse:reset', CLAIMS),
  };
  const forEmail = jwtCodec(keys, 'gatehouse:email', EMAIL_CLAIMS);

  return {
    make(content, account, lifetime) {
      const iat = Math.floor(now() / 1000);
      const exp = iat + Math.ceil(lifetime / 1000);
      const claims = { sub: account.id, iat, exp, bnd: bindingOf(keys.signing.key, stateOf(account)) };
      return content.purpose === 'email'
        ? forEmail.sign({ ...claims, email: content.email, end: content.endTokens })
        : plain[content.purpose].sign(claims);
    },

    verify(purpose, text) {
      if (purpose === 'email') {
        const verified = forEmail.verify(text, now());
        if (verified.kind !== 'valid') return null;
        const { email, end } = verified.claims;
        return linkOf(verified, { email, endTokens: end });
      }
      const verified = plain[purpose].verify(text, now());
      return verified.kind === 'valid' ? linkOf(verified, null) : null;
    },
  };
}

function linkOf(
  { claims, key }: { readonly claims: z.output<typeof CLAIMS>; readonly key: KeyObject },
  change: EmailChange | null,
): VerifiedLink {
  const { sub, bnd } = claims;
  return {
    accountId: sub,
    change,
    isFor: (account) => account.id === sub && isEqual(bnd, bindingOf(key, stateOf(account))),
  };
}

function stateOf({ id, stamp, email, confirmed }: Account): (string | boolean)[] {
  return ['state', id, stamp, email, confirmed];
}
