import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Account } from '../domain/account.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import type { KeySet } from '../http/key-set.ts';
import type { AssertionKey, AssertionSettings } from '../settings/schema/settings.ts';
import { atMost } from '../workarounds/lru-cache-capacity.ts';
import { keyIdOf, publishedKeys } from './assertion-keys.ts';

/**
 * Makes the assertion of an identity for one audience: a JWT in the form that a field carries. Synchronous.
 *
 * @throws GatewayError 500 when it cannot be signed
 */
export type Assert = (identity: Identity) => string;

export interface Assertions {
  forAudience(audience: string): Assert;
  /** The public halves of all keys. */
  readonly keySet: KeySet;
}

/** What an assertion says of the groups and scopes of an identity. */
export interface AccessClaims {
  /** Differs where the claims differ; ends with a space unless it is empty. */
  readonly key: string;
  readonly claims: { readonly groups?: readonly string[]; readonly scope?: string };
}

/** Counts how often an assertion was used again, and how often one was signed. */
export interface AssertionLookUps {
  hits: number;
  misses: number;
}

/** An assertion, and what it depends on. Times in ms since 1970. */
interface Signed {
  readonly stamp: string;
  readonly email: string;
  readonly issuedAt: number;
  readonly renewedAt: number;
  readonly text: string;
}

/** Maximum number of assertions that are kept; each takes some 700 bytes. */
const CAPACITY = 50_000;

/**
 * Signs who sends a request, for upstreams (RFC 7519, ES256).
 *
 * A signature takes as long as the rest of a request, so each is used for half of its life: an upstream always gets an
 * assertion with at least the other half left. There is no `jti`, as an assertion is sent more than once. It is signed anew at
 * once if the account has changed, since its stamp then differs, and if what it says of groups and scopes has.
 *
 * Signing is synchronous: handing it to another thread costs half as much, and there it would wait behind passwords.
 *
 * @param settings with at least one key
 * @param now the database's time in ms since 1970, by which tokens are dated too: so all nodes agree, and a node whose clock
 *   differs signs nothing that is not yet valid, or no longer, elsewhere
 */
export function createAssertions(
  { keys, issuer, lifetime, claims }: AssertionSettings,
  now: () => number,
  lookUps: AssertionLookUps,
  accessOf: (identity: Identity) => AccessClaims,
): Assertions {
  const [first] = keys;
  if (first === undefined) throw new TypeError('assertions need a key');
  const signature = signerOf(first);
  const seconds = Math.floor(lifetime / 1000);
  const signed = new LRUCache<string, Signed>(atMost(CAPACITY));

  const make = (audience: string, { by, account }: Identity, access: AccessClaims): Signed => {
    const iat = Math.floor(now() / 1000);
    const { id, stamp, email } = account;
    const payload = {
      ...{ iss: issuer, aud: audience, sub: id, iat, exp: iat + seconds, amr: [METHODS[by]] },
      ...(claims.includes('email') && email !== '' && { email }),
      ...access.claims,
    };
    return { stamp, email, issuedAt: iat * 1000, renewedAt: (iat + seconds / 2) * 1000, text: signature(payload) };
  };

  return {
    keySet: publishedKeys(keys),
    forAudience(audience) {
      // Audiences contain no spaces, so no two combinations give one key.
      const prefixes = { password: `pwd ${audience} `, token: `token ${audience} ` };
      return (identity) => {
        const { account } = identity;
        const access = accessOf(identity);
        const key = prefixes[identity.by] + access.key + account.id;
        const known = signed.get(key);
        if (known !== undefined && isOf(known, account) && isFresh(known, now())) {
          lookUps.hits += 1;
          return known.text;
        }
        lookUps.misses += 1;
        const made = make(audience, identity, access);
        signed.set(key, made);
        return made.text;
      };
    },
  };
}

/** Authentication methods (RFC 8176 section 2 has `pwd`; it has none for a token that the gateway issued). */
const METHODS = { password: 'pwd', token: 'token' } as const;

function isOf({ stamp, email }: Signed, account: Account): boolean {
  return stamp === account.stamp && email === account.email;
}

/** The first half of its life; not before its beginning either, since the database's clock may be set back. */
function isFresh({ issuedAt, renewedAt }: Signed, now: number): boolean {
  return issuedAt <= now && now < renewedAt;
}

/** @returns a function that signs a payload, and returns the whole JWT (RFC 7515 section 3.1) */
function signerOf(key: AssertionKey): (payload: object) => string {
  const privateKey = createPrivateKey({ key: { ...key }, format: 'jwk' });
  const header = encoded({ alg: 'ES256', typ: 'JWT', kid: keyIdOf(key) });
  return (payload) => {
    const content = `${header}.${encoded(payload)}`;
    return `${content}.${signatureOf(content, privateKey)}`;
  };
}

function signatureOf(content: string, key: KeyObject): string {
  try {
    // The form of RFC 7518 section 3.4 instead of DER.
    return sign('sha256', Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  } catch (cause) {
    throw new GatewayError('internal_error', 'the assertion cannot be signed', { cause });
  }
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
