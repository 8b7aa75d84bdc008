import { isSendableUserId } from '../../domain/account.ts';
import type { StoredHash } from '../../identify/passwords/hashes/stored-hash.ts';
import { describeUnknown } from '../../identify/passwords/hashes/unknown.ts';
import type { AdoptedRow } from '../../stores/accounts/adopted-table.ts';

export const SHARED_ID = 'another row has the same id';
export const NO_ID = 'the id is NULL';

/**
 * Why a row can never log in, as far as its id and its hash tell.
 *
 * @param stored its recognised hash
 * @returns the reasons, none of which contains a part of the hash
 */
export function problemsOf(row: AdoptedRow, stored: StoredHash | null): string[] {
  return [...idProblems(row), ...hashProblems(row, stored)];
}

function idProblems({ id }: AdoptedRow): string[] {
  if (id !== null && isSendableUserId(id)) return [];
  return ['the id is empty, longer than 255 bytes, or not printable ASCII, and cannot be sent as X-User-Id'];
}

function hashProblems({ password }: AdoptedRow, stored: StoredHash | null): string[] {
  if (password === null) return ['the hash is NULL'];
  if (stored === null) return [describeUnknown(password)];
  return stored.verifiable ? [] : [`the hash is refused: ${stored.format}, ${stored.reason}`];
}
