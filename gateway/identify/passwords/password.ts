import { setTimeout as sleep } from 'node:timers/promises';
import bcrypt from 'bcrypt';
import { OperatorError } from '../../domain/errors.ts';
import { LONGEST_FOR_BCRYPT } from './hashes/bcrypt.ts';
import type { HashRules } from './hashes/hash-rules.ts';
import { recognise } from './hashes/recognise.ts';
import type { VerifiableHash } from './hashes/stored-hash.ts';
import { usualTime } from './hashes/usual-time.ts';

/**
 * Validates a new password.
 *
 * @throws OperatorError with the problem; it never contains the password
 */
export function validateNewPassword(text: string): void {
  const problem = passwordProblem(text);
  if (problem !== null) throw new OperatorError(`The password ${problem}.`);
}

/**
 * Hashes the NFC form of a password with bcrypt.
 *
 * @param cost log2 of the number of rounds, 4 to 16
 * @throws OperatorError as `validateNewPassword` does
 */
export async function hashPassword(password: string, cost: number): Promise<string> {
  validateNewPassword(password);
  return await bcrypt.hash(composed(password), cost);
}

/** The form in which new passwords are hashed: keyboards differ in how they encode `é` (RFC 8265 section 4.2). */
function composed(password: string): string {
  return password.normalize('NFC');
}

/**
 * Creates the function that checks a password against a stored hash. No password matches a hash that is missing, damaged, of
 * an unknown format or outside the limits. Such a check takes as long as a wrong password, and a wrong password for a hash
 * cheaper than the decoy takes as long as the decoy: timing must not reveal which accounts exist (account enumeration). A
 * hash that costs more than the decoy is slower, so the decoy should have the most common format of the table.
 *
 * A password is tried as sent, since an application may have hashed it like that, and then in NFC if that differs. Whether it
 * differs depends only on the request, and reveals nothing about the account.
 *
 * The function rejects only on a system error, such as lack of memory.
 *
 * @param decoy a hash that is computed when there is no usable one: see `bcryptDecoy` and `decoyOf`
 * @throws TypeError when the decoy cannot be verified
 */
export function passwordChecker(
  decoy: string,
  rules: HashRules,
): (hash: string | null, password: string) => Promise<boolean> {
  const standIn = recognise(decoy, rules);
  if (!standIn?.verifiable) throw new TypeError('The decoy is not a hash that can be verified.');
  const usual = usualTime();

  const check = async (hash: string | null, password: string): Promise<boolean> => {
    const stored = hash === null ? null : recognise(hash, rules);
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
 * Some bcrypt implementations end the password at a NUL. HMAC pads its key with NULs (RFC 2104), so PBKDF2 and scrypt give
 * `secret` and `secret` followed by NULs the same hash. Lone surrogates would be encoded as U+FFFD.
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
    ? `is ${bytes} bytes long in UTF-8; bcrypt uses at most ${LONGEST_FOR_BCRYPT}`
    : null;
}
