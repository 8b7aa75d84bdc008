/** The alphabet of crypt(3), as a class of a regular expression. */
export const CRYPT_CHARACTER = '[./0-9A-Za-z]';
const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The base64 of crypt(3): three bytes, the first one lowest, are four characters, the lowest six bits first; no padding. */
export function encodeForCrypt(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const group = bytes.subarray(at, at + 3);
    const value = (group[0] ?? 0) | ((group[1] ?? 0) << 8) | ((group[2] ?? 0) << 16);
    for (let character = 0; character <= group.length; character += 1) {
      text += ALPHABET[(value >> (6 * character)) & 63];
    }
  }
  return text;
}

/** The number that a character stands for: 0 to 63. */
export function cryptValue(character: string): number {
  return ALPHABET.indexOf(character);
}
