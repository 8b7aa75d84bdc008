import bcrypt from 'bcrypt';
import { randomText } from './encoding.ts';
import { excessIn } from './limits.ts';
import type { StoredHash } from './stored-hash.ts';

/**
 * bcrypt looks at 72 bytes and ignores the rest. Were longer passwords let through, every one that shares the first 72
 * bytes would open the account; and `$2a$` counts the length in one byte, so that of 255 bytes only the first matters.
 */
export const LONGEST_FOR_BCRYPT = 72;

const FORM = /^(\$2[aby]\$)(0[4-9]|[12]\d|3[01])(\$[./A-Za-z0-9]{53})$/;

/** bcrypt of the password itself, as PHP's password_hash and most libraries write it. */
export function readBcrypt(text: string): StoredHash | null {
  return bcryptHash('bcrypt', '', text, (password) => password);
}

/**
 * A bcrypt hash after the prefix of its framework.
 *
 * A password too long for bcrypt is refused, also where the writer let it through and cut it silently (PHP, and Python's
 * bcrypt before 5.0): which of the passwords with that beginning the owner chose, the hash does not tell.
 *
 * @param text without the prefix
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
  // Up to 72 bytes the three are one algorithm: y is PHP's name for b, and the library knows b.
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
 * A hash that belongs to no known password and takes as long as those that the gateway makes.
 *
 * @param cost log2 of the number of rounds, 4 to 16
 */
export function bcryptDecoy(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${randomText(53)}`;
}
