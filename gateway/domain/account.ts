import { createHash, randomBytes } from 'node:crypto';
import { OperatorError } from './errors.ts';

/** An account as every stage sees it. Made by `accounts/store.ts`, from whichever table holds it. */
export interface Account {
  /** What upstreams receive as `X-User-Id`. */
  readonly id: string;
  readonly email: string;
  /** As stored; may be absent or of a form nobody can check, in which case no password is right. */
  readonly passwordHash: string | null;
  readonly confirmed: boolean;
  /**
   * Changes with the account's email, password and confirmation; the part that tokens are bound to whenever those issued
   * before must stop. Never shown to anybody.
   */
  readonly stamp: string;
}

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

/**
 * Whether an id can be sent as `X-User-Id` and arrive as it is: printable ASCII, no space at an end (RFC 9110 section
 * 5.5 has it trimmed), 1 to 255 bytes, which is also what the records of tokens have room for.
 */
export function canBeSent(id: string): boolean {
  return /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(id);
}

/**
 * A stamp has a part that the account's tokens are bound to, and, behind a dot, one for changes that leave tokens alone.
 * Mailed links and sessions are bound to the whole of it, so that no change can be undone and make them good again.
 */
export function newStamp(): string {
  return randomBytes(16).toString('base64url');
}

/** Another stamp, under which the tokens go on and nothing else does. */
export function stampForTokensToGoOn(stamp: string): string {
  return `${partForTokens(stamp)}.${randomBytes(12).toString('base64url')}`;
}

export function partForTokens(stamp: string): string {
  const dot = stamp.indexOf('.');
  return dot === -1 ? stamp : stamp.slice(0, dot);
}

/** What the record of a token keeps of the stamp that the token is bound to: 22 characters, which tell nothing of it. */
export function digestForTokens(stamp: string): string {
  return createHash('sha256').update(partForTokens(stamp)).digest('base64url').slice(0, 22);
}
