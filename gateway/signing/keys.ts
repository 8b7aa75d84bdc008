import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** Bytes: the output length of SHA-256; a longer key is not stronger. */
const LENGTH = 32;

/**
 * A key for one purpose, derived from a token secret by HKDF-SHA256 (RFC 5869). A signature for one purpose is invalid for
 * every other, and no key reveals another one or the secret.
 *
 * @param purpose a fixed name; each name gives another key
 * @returns 32 bytes, the same on every node that has the secret
 */
export function derivedKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `gatehouse ${purpose}`, LENGTH));
}

/** The public id of a key for `kid`: 11 characters, which reveal nothing else about the key. */
export function keyIdOf(secret: string | Buffer): string {
  return createHmac('sha256', secret).update('gatehouse key id').digest('base64url').slice(0, 11);
}

/** Keys by their public ids. The first signs, all verify, so that keys can be rotated. */
export interface KeyRing {
  readonly signing: { readonly id: string; readonly key: KeyObject };
  readonly byId: ReadonlyMap<string, KeyObject>;
}

/** @param secrets at least one, of 32 bytes or more each */
export function keyRing(secrets: readonly (string | Buffer)[]): KeyRing {
  // Key objects: with text, jsonwebtoken tries to parse a public key on each call, which takes three times as long as the rest.
  const keys = secrets.map((secret) => ({ id: keyIdOf(secret), key: createSecretKey(Buffer.from(secret)) }));
  const [signing] = keys;
  if (signing === undefined) throw new TypeError('a key ring needs a secret');
  return { signing, byId: new Map(keys.map(({ id, key }) => [id, key])) };
}
