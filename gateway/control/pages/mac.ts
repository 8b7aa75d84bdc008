import { createHmac, timingSafeEqual } from 'node:crypto';
import { derivedKey } from '../../signing/derived-key.ts';

/** Proves that the gateway itself has made a text, for one purpose. */
export interface Mac {
  /** HMAC-SHA256 in base64url: 43 characters. */
  of(text: string): string;
  /** Takes the same time wherever the two differ, so that nobody can find the right one piece by piece. */
  matches(text: string, mac: string): boolean;
}

/**
 * @param secrets the token secrets: the first makes, all verify, so that they can be replaced one after another
 * @param purpose as `derivedKey` takes it
 */
export function macFor(secrets: readonly string[], purpose: string): Mac {
  const keys = secrets.map((secret) => derivedKey(secret, purpose));
  const [first] = keys;
  if (first === undefined) throw new TypeError('macFor needs a secret');
  const make = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest('base64url');

  return {
    of: (text) => make(first, text),
    matches(text, mac) {
      const given = Buffer.from(mac);
      return keys.some((key) => {
        const expected = Buffer.from(make(key, text));
        return given.length === expected.length && timingSafeEqual(given, expected);
      });
    },
  };
}
