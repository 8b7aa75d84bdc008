import { randomInt } from 'node:crypto';
import bcrypt from 'bcrypt';
import { OperatorError } from '../errors.ts';

/**
 * bcrypt looks at 72 bytes and ignores the rest. Were longer passwords let through, every one that shares the first 72
 * bytes would open the account; and `$2a$` counts the length in one byte, so that of 255 bytes only the first matters.
 */
const LONGEST = 72;

/** Each step doubles the time: 2^16 rounds take seconds. A row with cost 31 would hold a thread for days. */
const HIGHEST_COST = 16;

/**
 * Refuses what must not become a password.
 *
 * @throws OperatorError which says what is wrong, and never repeats the password
 */
export function validateNewPassword(text: string): void {
  const problem = problemOf(text);
  if (problem !== null) throw new OperatorError(`The password ${problem}.`);
}

/**
 * Hashes with bcrypt.
 *
 * @param cost log2 of the number of rounds, 4 to 16
 * @throws OperatorError as `validateNewPassword` does
 */
export async function hashPassword(password: string, cost: number): Promise<string> {
  validateNewPassword(password);
  return await bcrypt.hash(password, cost);
}

/**
 * Makes the function that says whether a password belongs to a stored hash. It never throws: a hash that is missing,
 * damaged or of an unknown form belongs to no password. It says so as late as it says "wrong", since whoever can tell
 * the two apart by the clock learns which accounts exist.
 *
 * @param cost of the comparison that stands in where there is nothing to compare with: that of new hashes
 */
export function passwordChecker(cost: number): (hash: string | null, password: string) => Promise<boolean> {
  return async (hash, password) => {
    const stored = hash === null ? null : bcryptHash(hash);
    if (stored !== null && canBeRight(password)) return await bcrypt.compare(password, stored);
    await bcrypt.compare('', nobodysHash(cost));
    return false;
  };
}

/** The stored hash as the library reads it, or null. Other forms of hashes get a function like this one. */
function bcryptHash(hash: string): string | null {
  const parts = /^\$2[aby]\$(\d\d)(\$[./A-Za-z0-9]{53})$/.exec(hash);
  const cost = Number(parts?.[1]);
  if (parts === null || cost < 4 || cost > HIGHEST_COST) return null;
  // Up to 72 bytes the three are one algorithm: y is PHP's name for b, and the library knows b.
  return `$2b$${parts[1]}${parts[2]}`;
}

/** Whether bcrypt would look at all of it. A NUL ends the password in some implementations, and so in their hashes. */
function canBeRight(password: string): boolean {
  return Buffer.byteLength(password) <= LONGEST && !password.includes('\0');
}

/** A hash of the given cost that belongs to no known password. Drawn and not computed, so that it costs nothing. */
function nobodysHash(cost: number): string {
  const alphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  const drawn = Array.from({ length: 53 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return `$2b$${String(cost).padStart(2, '0')}$${drawn}`;
}

function problemOf(text: string): string | null {
  if (text === '') return 'is empty';
  if (!text.isWellFormed()) return 'is not valid Unicode';
  // RFC 7617 section 2: user name and password must not contain control characters, NUL among them.
  if (/\p{Cc}/u.test(text))
    return 'contains a control character (such as a tab, a line end or NUL), which HTTP Basic cannot carry';
  const bytes = Buffer.byteLength(text);
  return bytes > LONGEST ? `is ${bytes} bytes long in UTF-8, and ${LONGEST} is the most that bcrypt looks at` : null;
}
