import bcrypt from 'bcrypt';
import { randomText } from './encoding.ts';
import { excessIn } from './limits.ts';
import type { StoredHash } from './stored-hash.ts';

/**
 * bcrypt uses 72 bytes and ignores the rest (password truncation). If longer passwords were accepted, every password with the
 * same first 72 bytes would match. `$2a$` also counts the length in one byte: of 255 bytes, only the first would matter.
 */
export const LONGEST_FOR_BCRYPT = 72;

const FORM = /^(\$2[aby]\$)(0[4-9]|[12]\d|3[01])(\$[./A-Za-z0-9]{53})$/;

/** bcrypt of the password itself, as PHP's password_hash and most libraries write it. */
export function readBcrypt(text: string): StoredHash | null {
  return bcryptHash('bcrypt', '', text, (password) => password);
}

/**
 * Parses a bcrypt hash after the prefix of its framework.
 *
 * A password too long for bcrypt is refused, even if the framework truncated it silently (PHP, and Python's bcrypt before
 * 5.0): the hash does not tell which of the passwords with that beginning the owner chose.
 *
 * @param text the hash without the prefix
 * @param prepare converts a password to the input that the framework passes to bcrypt
 */
export function bcryptHash(
  format: string,
  prefix: string,
  text: string,
  prepare: (password: string) => string,
): StoredHash | null {
  const [, name, cost, rest] = FORM.exec(text) ?? [];
  if (name === undefined || cost === undefined || rest === undefined) return null;
  const reason = excessIn({ bcryptCost: Number(cost) });
  if (reason !== null) return { verifiable: false, format, reason };
  // Up to 72 bytes, 2a, 2b and 2y are the same algorithm. The library knows 2b; 2y is PHP's name for it.
  const known = `$2b$${cost}${rest}`;
  return {
    verifiable: true,
    format,
    parameters: `cost ${Number(cost)}`,
    async verify(password) {
      const prepared = prepare(password);
      const fits = Buffer.byteLength(prepared) <= LONGEST_FOR_BCRYPT;
      return (await bcrypt.compare(fits ? prepared : '', known)) && fits;
    },
    decoy: () => `${prefix}${name}${cost}$${randomText(53)}`,
  };
}

/**
 * A hash of no known password that takes as long to verify as the gateway's own hashes.
 *
 * @param cost log2 of the number of rounds, 4 to 16
 */
export function bcryptDecoy(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${randomText(53)}`;
}
