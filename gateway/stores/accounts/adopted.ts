import { createHash } from 'node:crypto';
import type { Account } from '../../domain/account.ts';
import { canonicalEmail, isSendableUserId } from '../../domain/account.ts';
import { UNICODE_LOWER } from '../database/sqlite.ts';
import { type AdoptedRow, type AdoptedTable, type OpenTable, openTable } from './adopted-table.ts';
import { idCondition } from './id-condition.ts';
import type { AccountReader } from './store.ts';
import type { Source } from './table-columns.ts';

/**
 * Reads the accounts in an application's table.
 *
 * Ambiguous rows are not found: rows that share a canonical email by that email, and rows that share an id by neither. A row
 * whose id cannot be sent to an upstream is not found either.
 *
 * @throws OperatorError as `openTable` does
 */
export async function adoptedAccounts(source: Source, table: AdoptedTable): Promise<AccountReader> {
  return readerOf(source, table, await openTable(source, table));
}

export function readerOf(source: Source, table: AdoptedTable, open: OpenTable): AccountReader {
  const emailCondition = emailConditionFor(source, table, open);

  const findById = async (id: string): Promise<Account | null> => {
    const condition = isSendableUserId(id) ? idCondition(source, table.columns.id, open.id, id) : null;
    if (condition === null) return null;
    const candidates: AdoptedRow[] = await source.query(open.rows().whereRaw(condition));
    // The collation of the column may ignore case, accents and trailing spaces.
    const [row, another] = candidates.filter((one) => one.id === id);
    if (row === undefined || another !== undefined) return null;
    return accountOf(row, await open.groupsOf(id, row));
  };

  return {
    findById,

    async findByEmail(email) {
      const canonical = canonicalEmail(email);
      const candidates: AdoptedRow[] = await source.query(open.rows().whereRaw(emailCondition(email)));
      const isSame = (email: string | null) => email !== null && canonicalEmail(email) === canonical;
      // Rows without an id are ignored.
      const [row, another] = candidates.filter((one) => one.id !== null && isSame(one.email));
      if (row === undefined || row.id === null || another !== undefined) return null;
      const account = await findById(row.id);
      // The email may have changed between the two queries.
      return account !== null && isSame(account.email) ? account : null;
    },
  };
}

/**
 * The SQL condition for an email. It may match too many rows, since emails are compared again. It must match every spelling:
 * otherwise one of two rows that differ by case would be accepted as unambiguous.
 *
 * A case-insensitive collation uses the column's index. Any other collation scans the table, and so does SQLite for an email
 * with non-ASCII letters.
 */
function emailConditionFor({ kind, sql }: Source, table: AdoptedTable, { email: { collation } }: OpenTable) {
  const column = table.columns.email;
  const isIn = (folded: string, spelling: string) => (email: string) => {
    const spellings = spellingsOf(email);
    return sql.raw(`${folded} in (${spellings.map(() => spelling).join(', ')})`, [column, ...spellings]);
  };
  if (kind === 'sqlite') {
    const isAlike = isIn('?? collate nocase', '?');
    // More bytes than characters: the text has non-ASCII letters, which SQLite does not fold.
    const folded = `length(cast(?? as blob)) > length(??) and ${UNICODE_LOWER}(??) = ?`;
    return (email: string) => {
      const canonical = canonicalEmail(email);
      if (/^\p{ASCII}*$/u.test(canonical)) return isAlike(email);
      return sql.raw(`(?) or (${folded})`, [isAlike(email), column, column, column, canonical]);
    };
  }
  if (!collation?.name.endsWith('_ci')) {
    return isIn('lower(convert(?? using utf8mb4)) collate utf8mb4_bin', 'lower(?)');
  }
  // Converted first: the comparison fails for a character that the column's character set lacks.
  return isIn('??', `convert(? using ${collation.charset}) collate ${collation.name}`);
}

/** NFC and NFD, lower and upper case, and as typed: SQLite folds ASCII letters only. */
function spellingsOf(email: string): string[] {
  const canonical = canonicalEmail(email);
  return [...new Set([email, canonical, canonical.normalize('NFD'), canonical.toUpperCase()])];
}

/** @returns null when the row is not a usable account */
function accountOf({ id, email, password, confirmed }: AdoptedRow, groups: readonly string[]): Account | null {
  if (id === null || email === null || !isSendableUserId(id)) return null;
  const stamp = stampOf(password);
  return { id, email, passwordHash: password, confirmed: isConfirmedValue(confirmed), stamp, groups };
}

/** Derived from the stored hash, so that a new hash voids earlier tokens even if the gateway is not told of the change. */
function stampOf(passwordHash: string | null): string {
  return createHash('sha256')
    .update(passwordHash ?? '')
    .digest('base64url');
}

/**
 * Whether the value of an application's column means that an account is confirmed. NULL, 0, false, the empty text, zero
 * dates, and any text that is not a number, a date or a word for true mean that it is not.
 *
 * The type of the column does not matter: bytes are read as text, and BIT columns arrive as a number.
 */
export function isConfirmedValue(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0 && !Number.isNaN(value);
  if (typeof value === 'bigint') return value !== 0n;
  if (value instanceof Uint8Array) return isConfirmedText(Buffer.from(value).toString('latin1'));
  return typeof value === 'string' && isConfirmedText(value);
}

/** @param padded BINARY(n) is padded with NULs, CHAR(n) with spaces */
function isConfirmedText(padded: string): boolean {
  const text = padded.replace(/\0+$/, '').trim();
  if (/^(true|t|yes|y|on)$/i.test(text)) return true;
  // The zero date of MySQL has year 0; .NET and Go write year 1 for no date.
  if (/^\d{4}-\d{2}-\d{2}([ T]|$)/.test(text)) return !/^000[01]-/.test(text);
  return /^[+-]?\d+(\.\d*)?$/.test(text) && Number(text) !== 0;
}
