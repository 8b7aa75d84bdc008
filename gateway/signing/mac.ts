import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { derivedKey } from './keys.ts';

/** A message authentication code for one purpose. */
export interface Mac {
  /** HMAC-SHA256 in base64url: 43 characters. */
  of(text: string): string;
  /** Compares in constant time. */
  matches(text: string, mac: string): boolean;
}

/**
 * @param secrets the token secrets: the first signs, all verify, so that secrets can be rotated
 * @param purpose as for `derivedKey`
 */
export function macFor(secrets: readonly string[], purpose: string): Mac {
  const keys = secrets.map((secret) => derivedKey(secret, purpose));
  const [first] = keys;
  if (first === undefined) throw new TypeError('macFor needs a secret');
  return {
    of: (text) => hmac(first, text),
    matches: (text, mac) => keys.some((key) => isEqual(mac, hmac(key, text))),
  };
}

/** Binds a token to values that it does not contain: 22 characters, which do not reveal the values. */
export function bindingOf(key: KeyObject, values: readonly (string | boolean)[]): string {
  return hmac(key, JSON.stringify(values)).slice(0, 22);
}

/** Compares in constant time (timing attack). */
export function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function hmac(key: Buffer | KeyObject, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}
