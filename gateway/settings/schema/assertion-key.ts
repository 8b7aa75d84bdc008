import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { z } from 'zod';

/** A private key on the curve P-256, as a JWK (RFC 7518 section 6.2.2). Plain data, so that workers can be sent it. */
export interface AssertionKey {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  /** The public half. */
  readonly x: string;
  readonly y: string;
  /** The private half. Secret. */
  readonly d: string;
}

const FORM = `must be a P-256 private key, PEM or JWK, such as what "gatehouse key new" prints, from a file: "\${file:/run/secrets/assertion.pem}"`;

export function assertionKey() {
  return z.string({ error: FORM }).transform((text, context): AssertionKey => {
    const key = parseAssertionKey(text);
    if (typeof key !== 'string') return key;
    context.addIssue({ code: 'custom', message: `${key}; ${FORM}` });
    return z.NEVER;
  });
}

/** A new random key. */
export function newAssertionKey(): AssertionKey {
  return partsOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}

/** @returns the key, or the problem, which does not repeat the text */
export function parseAssertionKey(text: string): AssertionKey | string {
  const trimmed = text.trim();
  if (trimmed === '') return 'is empty';
  const read = trimmed.startsWith('{') ? readJwk(trimmed) : readPem(trimmed);
  if (typeof read === 'string') return read;
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = read;
  if (type !== 'ec') return `is a key for ${type?.toUpperCase()}, not an EC key`;
  if (details?.namedCurve !== 'prime256v1') return `is a key on the curve ${details?.namedCurve}, not on P-256`;
  return partsOf(read);
}

function readPem(text: string): KeyObject | string {
  // Found before OpenSSL reads it: without a passphrase, its error does not say what is wrong.
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type:.*ENCRYPTED/m.test(text)) return 'is encrypted';
  const count = text.match(/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/g)?.length ?? 0;
  if (count > 1) return `holds ${count} private keys; each must be an item of its own`;
  if (count === 0) return text.includes('-----BEGIN ') ? 'has no private key, only a public one' : 'is no key';
  try {
    return createPrivateKey(text);
  } catch {
    return 'is malformed PEM';
  }
}

function readJwk(text: string): KeyObject | string {
  let jwk: unknown;
  try {
    jwk = JSON.parse(text);
  } catch {
    return 'begins like a JWK, and is not JSON';
  }
  const { kty, d, keys, use, alg } = jwk as Record<string, unknown>;
  if (keys !== undefined) return 'is a set of JWKs; each must be an item of its own';
  if (kty === undefined) return 'is JSON, and no JWK';
  if (d === undefined) return kty === 'oct' ? 'is a symmetric key' : 'has no private half ("d")';
  if ((use ?? 'sig') !== 'sig' || (alg ?? 'ES256') !== 'ES256') return 'is a JWK for another use or algorithm';
  try {
    // Also checks that the halves belong together.
    return createPrivateKey({ key: jwk as AssertionKey & Record<string, unknown>, format: 'jwk' });
  } catch {
    return 'is a malformed JWK';
  }
}

/** As OpenSSL writes them, so that the same key in another form or encoding is equal. */
function partsOf(key: KeyObject): AssertionKey {
  const { x, y, d } = key.export({ format: 'jwk' });
  if (x === undefined || y === undefined || d === undefined) throw new TypeError('not a private EC key');
  return { kty: 'EC', crv: 'P-256', x, y, d };
}
