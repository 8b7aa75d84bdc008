import { OperatorError } from './errors.ts';

/** RFC 5321 section 4.5.3.1.3 leaves 254 bytes for an address. */
const LONGEST = 254;

/**
 * The form under which an email is looked up: two spellings of one address are equal in it, and nothing else is.
 * Characters are composed and lower-cased as Unicode says, never folded to ASCII. White space stays: `a@x ` is nobody.
 */
export function canonicalEmail(text: string): string {
  // Lower case can leave what composes anew: there is a ǰ in one piece, and no such capital.
  return text.normalize('NFC').toLowerCase().normalize('NFC');
}

/**
 * Refuses what cannot be the email of an account. Whether anybody reads mail there is not asked.
 *
 * @throws OperatorError which says what is wrong
 */
export function validateEmail(text: string): void {
  const problem = emailProblem(text);
  if (problem !== null) throw new OperatorError(`The email ${problem}.`);
}

/** @returns what to put behind "The email", or null */
export function emailProblem(text: string): string | null {
  if (text === '') return 'is empty';
  if (!text.isWellFormed()) return 'is not valid Unicode';
  if (/[\p{Cc}\p{Cf}]/u.test(text)) return 'contains a control character or one that cannot be seen';
  if (/\s/u.test(text)) return 'contains white space';
  // RFC 7617 section 2: the first colon ends the user name, so such an account could never sign in.
  if (text.includes(':')) return 'contains a colon, which HTTP Basic cannot carry in a user name';
  if (!/^[^@]+@[^@]+$/.test(text)) return 'must have exactly one @ with something on both sides, like ada@example.com';
  if ([text, canonicalEmail(text)].some((form) => Buffer.byteLength(form) > LONGEST)) {
    return `is longer than ${LONGEST} bytes in UTF-8`;
  }
  return null;
}
