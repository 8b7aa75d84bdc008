import { createHash, randomBytes } from 'node:crypto';
import { OperatorError } from './errors.ts';

/** An account, from the gateway's own table or an application's. */
export interface Account {
  /** Upstreams receive it as `X-User-Id`. */
  readonly id: string;
  /** Empty: it has none, in an application's table. */
  readonly email: string;
  /**
   * What its owner logs in with, at least one text; the first is its name for people. In the gateway's own table it is the email.
   */
  readonly logins: readonly string[];
  /** As stored. If it is null or has an unknown format, no password matches. */
  readonly passwordHash: string | null;
  readonly confirmed: boolean;
  /**
   * Changes with the account's email, password and confirmation. Its part for tokens changes only when earlier tokens must
   * become invalid. Secret.
   */
  readonly stamp: string;
  /** The names of its groups, without duplicates. Names that are no `isAccessName` are left out. */
  readonly groups: readonly string[];
}

/** What people know the account by. */
export function nameOf({ logins, id }: Pick<Account, 'logins' | 'id'>): string {
  return logins[0] ?? id;
}

/** Whether an account has the same logins as before: a login may belong to somebody else by now. */
export function haveSameLogins({ logins }: Pick<Account, 'logins'>, before: readonly string[]): boolean {
  return logins.length === before.length && logins.every((login, index) => login === before[index]);
}

/** Bytes: the limit of an address by RFC 5321 section 4.5.3.1.3. */
const LONGEST = 254;

/**
 * The form in which emails are compared: NFC and lower case, but not folded to ASCII. White space is kept, so `a@x ` matches
 * no account.
 */
export function canonicalEmail(text: string): string {
  // NFC again, since lower-casing may yield a composable sequence: ǰ has a composed form, its capital does not.
  return text.normalize('NFC').toLowerCase().normalize('NFC');
}

/**
 * Validates the email of a new account. Does not check whether the mailbox exists.
 *
 * @throws OperatorError with the problem
 */
export function validateEmail(text: string): void {
  const problem = emailProblem(text);
  if (problem !== null) throw new OperatorError(`The email ${problem}.`);
}

/** @returns the problem as a phrase after "The email", or null */
export function emailProblem(text: string): string | null {
  if (text === '') return 'is empty';
  if (!text.isWellFormed()) return 'is not valid Unicode';
  if (/[\p{Cc}\p{Cf}]/u.test(text)) return 'contains a control character or an invisible character';
  if (/\s/u.test(text)) return 'contains white space';
  // RFC 7617 section 2: the first colon ends the user name, so such an account could never log in.
  if (text.includes(':')) return 'contains a colon, which HTTP Basic cannot carry in a user name';
  if (!/^[^@]+@[^@]+$/.test(text)) return 'must have exactly one @ with something on both sides, like ada@example.com';
  if ([text, canonicalEmail(text)].some((form) => Buffer.byteLength(form) > LONGEST)) {
    return `is longer than ${LONGEST} bytes in UTF-8`;
  }
  return null;
}

/**
 * Whether a text arrives unchanged as the value of a header field: printable ASCII without leading or trailing space, which
 * recipients trim (RFC 9110 section 5.5), and 1 to 255 bytes.
 */
export function isSendableText(text: string): boolean {
  return /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(text);
}

/** Whether an id arrives unchanged as `X-User-Id`; 255 bytes are also the size of the column in the records of tokens. */
export function isSendableUserId(id: string): boolean {
  return isSendableText(id);
}

/**
 * A stamp has a part for tokens and, after a dot, a part for changes that keep tokens valid. Tokens are bound to the first
 * part. Mailed links and sessions are bound to the whole stamp, so that reverting a change does not make them valid again.
 */
export function newStamp(): string {
  return randomBytes(16).toString('base64url');
}

/** A new stamp that keeps tokens valid, and voids mailed links and sessions. */
export function stampKeepingTokens(stamp: string): string {
  return `${partForTokens(stamp)}.${randomBytes(12).toString('base64url')}`;
}

export function partForTokens(stamp: string): string {
  const dot = stamp.indexOf('.');
  return dot === -1 ? stamp : stamp.slice(0, dot);
}

/** A digest of the part for tokens, for the records of tokens: 22 characters that do not reveal the stamp. */
export function digestForTokens(stamp: string): string {
  return createHash('sha256').update(partForTokens(stamp)).digest('base64url').slice(0, 22);
}
