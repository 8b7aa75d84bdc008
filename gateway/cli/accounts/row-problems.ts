import { isSendableUserId } from '../../domain/account.ts';
import { TOKEN_USERS } from '../../domain/identity.ts';
import type { StoredHash } from '../../identify/passwords/hashes/stored-hash.ts';
import { describeUnknown } from '../../identify/passwords/hashes/unknown.ts';
import type { AdoptedRow } from '../../stores/accounts/adopted-table.ts';

export const SHARED_EMAIL = 'another row has the same email, but for case or composition';
export const SHARED_ID = 'another row has the same id';
export const NO_ID = 'the id is NULL';
export const NOT_FOUND = 'the look-up does not find the email';

/**
 * Why a row can never log in, as far as the row itself tells.
 *
 * @param stored its recognised hash
 * @returns the reasons, none of which contains a part of the hash
 */
export function problemsOf(row: AdoptedRow, stored: StoredHash | null): string[] {
  return [...idProblems(row), ...emailProblems(row), ...hashProblems(row, stored)];
}

function idProblems({ id }: AdoptedRow): string[] {
  if (id !== null && isSendableUserId(id)) return [];
  return ['the id is empty, longer than 255 bytes, or not printable ASCII, and cannot be sent as X-User-Id'];
}

function emailProblems({ email }: AdoptedRow): string[] {
  if (email === null) return ['the email is NULL'];
  if (email === '') return ['the email is empty'];
  const problems: string[] = [];
  // RFC 7617 section 2.
  if (/[:\p{Cc}]/u.test(email))
    problems.push('the email has a colon or a control character, which HTTP Basic cannot carry');
  if (TOKEN_USERS.has(email.toLowerCase())) problems.push('the email is a user name reserved for tokens');
  return problems;
}

function hashProblems({ password }: AdoptedRow, stored: StoredHash | null): string[] {
  if (password === null) return ['the hash is NULL'];
  if (stored === null) return [describeUnknown(password)];
  return stored.verifiable ? [] : [`the hash is refused: ${stored.format}, ${stored.reason}`];
}
