import bcrypt from 'bcrypt';
import { randomText } from './encoding.ts';
import type { HashRules } from './hash-rules.ts';
import { excessIn } from './limits.ts';
import type { StoredHash } from './stored-hash.ts';

/**
 * bcrypt uses 72 bytes and ignores the rest (password truncation). If the gateway hashed longer passwords, every password with
 * the same first 72 bytes would match.
 */
export const LONGEST_FOR_BCRYPT = 72;

/** The format of a bcrypt hash where the settings have a pepper. */
export const PEPPERED = 'bcrypt with pepper';

const FORM = /^(\$2[aby]\$)(0[4-9]|[12]\d|3[01])(\$[./A-Za-z0-9]{53})$/;

/**
 * bcrypt of the password itself, as PHP's password_hash and most libraries write it; with a pepper, of the password followed by
 * the pepper, as Devise does.
 */
export function readBcrypt(text: string, { longBcryptPasswords, pepper }: HashRules): StoredHash | null {
  const format = pepper === '' ? 'bcrypt' : PEPPERED;
  return bcryptHash(format, '', text, longBcryptPasswords, (password) => password + pepper);
}

/**
 * Parses a bcrypt hash after the prefix of its framework.
 *
 * @param text the hash without the prefix
 * @param long what happens to an input of more than 72 bytes. `cut`: the hash does not tell which of the passwords with that
 *   beginning the owner chose, and all of them match, as in the application
 * @param prepare converts a password to the input that the framework passes to bcrypt
 */
export function bcryptHash(
  format: string,
  prefix: string,
  text: string,
  long: HashRules['longBcryptPasswords'],
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
    caveat: long === 'cut' ? 'cut' : null,
    async verify(password) {
      const input = Buffer.from(prepare(password));
      const isUsable = long === 'cut' || input.length <= LONGEST_FOR_BCRYPT;
      // Cut here, possibly within a character: some libraries count the length of `$2a$` in one byte, so that of 255 bytes
      // only the first would matter.
      const used = isUsable ? input.subarray(0, LONGEST_FOR_BCRYPT) : '';
      return (await bcrypt.compare(used, known)) && isUsable;
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
