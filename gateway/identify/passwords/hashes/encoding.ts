import { randomInt } from 'node:crypto';

/** The encoding of salts and digests: `unpadded` is base64 without `=`; `passlib` also has `.` instead of `+`. */
export type Encoding = 'hex' | 'base64' | 'unpadded' | 'passlib';

export function encode(bytes: Buffer, encoding: Encoding): string {
  if (encoding === 'hex' || encoding === 'base64') return bytes.toString(encoding);
  const unpadded = bytes.toString('base64').replaceAll('=', '');
  return encoding === 'unpadded' ? unpadded : unpadded.replaceAll('+', '.');
}

/**
 * Decodes strictly. Buffer.from alone skips invalid characters, so that many texts would decode to the same digest.
 *
 * @returns null unless the text is exactly the output of `encode`
 */
export function decode(text: string, encoding: Encoding): Buffer | null {
  const bytes = encoding === 'hex' ? Buffer.from(text, 'hex') : Buffer.from(text.replaceAll('.', '+'), 'base64');
  return encode(bytes, encoding) === text ? bytes : null;
}

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A random alphanumeric salt, as the frameworks generate it. */
export function randomText(length: number): string {
  return Array.from({ length }, () => ALPHANUMERIC[randomInt(ALPHANUMERIC.length)]).join('');
}
