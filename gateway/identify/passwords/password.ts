import { setTimeout as sleep } from 'node:timers/promises';
import bcrypt from 'bcrypt';
import { OperatorError } from '../../domain/errors.ts';
import { LONGEST_FOR_BCRYPT } from './hashes/bcrypt.ts';
import { recognise } from './hashes/recognise.ts';
import type { VerifiableHash } from './hashes/stored-hash.ts';
import { usualTime } from './hashes/usual-time.ts';

/**
 * Refuses an invalid new password.
 *
 * @throws OperatorError which says what is wrong, and never repeats the password
 */
export function validateNewPassword(text: string): void {
  const problem = passwordProblem(text);
  if (problem !== null) throw new OperatorError(`The password ${problem}.`);
}

/**
 * Hashes with bcrypt, in Unicode's form NFC.
 *
 * @param cost log2 of the number of rounds, 4 to 16
 * @throws OperatorError as `validateNewPassword` does
 */
export async function hashPassword(password: string, cost: number): Promise<string> {
  validateNewPassword(password);
  return await bcrypt.hash(composed(password), cost);
}

/** The form in which new passwords are hashed: keyboards may or may not compose `é` (RFC 8265 section 4.2). */
function composed(password: string): string {
  return password.normalize('NFC');
}

/**
 * Creates the function that checks a password against a stored hash. A hash that is missing, damaged, of an unknown format or
 * beyond the limits matches no password. That takes as long as a wrong password, and so does a wrong password for a hash
 * cheaper than the decoy: timing must not reveal which accounts exist (account enumeration). A hash that costs more stays
 * slower, so the decoy should be like most of the table.
 *
 * A password is tried as sent, since an application may have hashed it so, and then in NFC where that differs. Whether it
 * differs depends on the request only, and reveals nothing of the account.
 *
 * The function rejects only when the machine fails, as for want of memory.
 *
 * @param decoy a hash that is computed where there is nothing to compare with: see `bcryptDecoy` and `decoyOf`
 * @throws TypeError when that is not one that can be verified
 */
export function passwordChecker(decoy: string): (hash: string | null, password: string) => Promise<boolean> {
  const standIn = recognise(decoy);
  if (!standIn?.verifiable) throw new TypeError('The decoy is not a hash that can be verified.');
  const usual = usualTime();

  const check = async (hash: string | null, password: string): Promise<boolean> => {
    const stored = hash === null ? null : recognise(hash);
    const isPossible = canBeRight(password);
    const tried = isPossible ? password : '';

    if (!stored?.verifiable) {
      await usual.measure(() => standIn.verify(tried));
      return false;
    }
    if (costsTheSame(stored, standIn)) return (await usual.measure(() => stored.verify(tried))) && isPossible;

    const begun = performance.now();
    if ((await stored.verify(tried)) && isPossible) return true;
    const due = usual.median();
    if (due === null) await usual.measure(() => standIn.verify(tried));
    else await sleep(Math.max(0, begun + due - performance.now()));
    return false;
  };

  return async (hash, password) => {
    if (await check(hash, password)) return true;
    const form = composed(password);
    return form !== password && (await check(hash, form));
  };
}

function costsTheSame(one: VerifiableHash, other: VerifiableHash): boolean {
  return one.format === other.format && one.parameters === other.parameters;
}

/**
 * A NUL ends the password in some bcrypts; and HMAC fills its key up with NULs (RFC 2104), so that for PBKDF2 and
 * scrypt `secret` and `secret` with NULs behind it are one password. What is not Unicode would be made into U+FFFD.
 */
function canBeRight(password: string): boolean {
  return !password.includes('\0') && password.isWellFormed();
}

/** @returns the problem as a phrase after "The password", or null */
export function passwordProblem(text: string): string | null {
  if (text === '') return 'is empty';
  if (!text.isWellFormed()) return 'is not valid Unicode';
  // RFC 7617 section 2: user name and password must not contain control characters, NUL among them.
  if (/\p{Cc}/u.test(text))
    return 'contains a control character (such as a tab, a line end or NUL), which HTTP Basic cannot carry';
  const bytes = Buffer.byteLength(composed(text));
  return bytes > LONGEST_FOR_BCRYPT
    ? `is ${bytes} bytes long in UTF-8, and ${LONGEST_FOR_BCRYPT} is the most that bcrypt looks at`
    : null;
}
