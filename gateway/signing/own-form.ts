import type { KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';

/**
 * Signs and opens JWTs (RFC 7519) in the one form that the gateway writes. HS256 is its own choice and not the token's, and
 * a key is chosen among its own (RFC 8725 sections 3.1 to 3.12).
 */
export interface OwnForm<Key extends KeyObject | Buffer> {
  sign(claims: object): string;
  /**
   * @param seconds the time, since 1970
   * @returns the claims and the key; null for what was not signed by us, in our form
   * @throws jsonwebtoken's errors
   */
  open(
    token: string,
    audience: string,
    seconds: number,
  ): { readonly claims: Record<string, unknown>; readonly key: Key } | null;
}

const ISSUER = 'gatehouse';

/**
 * The header is compared to the letter. So no parameter is ever there that has to be understood and is not: `crit` (RFC 7515
 * section 4.1.11), `b64` (RFC 7797), `zip`, a key or where to find one (`jwk`, `jku`, `x5c`, `x5u`), a content type, or
 * one of these twice, which two programs read differently.
 *
 * @param keys by their public names. The first signs, all open.
 */
export function ownForm<Key extends KeyObject | Buffer>(keys: ReadonlyMap<string, Key>): OwnForm<Key> {
  const [signing] = keys;
  if (signing === undefined) throw new TypeError('ownForm needs a key');
  const [signingId, signingKey] = signing;
  const write = (claims: object, key: Key, keyid: string) =>
    jwt.sign({ iss: ISSUER, ...claims }, key, { algorithm: 'HS256', keyid });
  const byHeader = new Map([...keys].map(([id, key]) => [headerOf(write({}, key, id)), key]));

  return {
    sign: (claims) => write(claims, signingKey, signingId),
    open(token, audience, seconds) {
      const key = byHeader.get(headerOf(token));
      if (key === undefined) return null;
      const expected = {
        algorithms: ['HS256' as const],
        issuer: ISSUER,
        audience,
        clockTimestamp: Math.floor(seconds),
      };
      const claims: unknown = jwt.verify(token, key, expected);
      if (typeof claims !== 'object' || claims === null || !isWrittenPlainly(token.split('.')[1] ?? '')) return null;
      return { claims: claims as Record<string, unknown>, key };
    },
  };
}

function headerOf(token: string): string {
  const dot = token.indexOf('.');
  return dot === -1 ? '' : token.slice(0, dot);
}

/** Whether there is one way to read it: base64url, UTF-8 and JSON as we write them, and no name twice. */
function isWrittenPlainly(segment: string): boolean {
  const text = Buffer.from(segment, 'base64url').toString();
  return Buffer.from(text).toString('base64url') === segment && JSON.stringify(JSON.parse(text)) === text;
}
