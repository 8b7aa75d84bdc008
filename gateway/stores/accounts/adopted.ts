import { createHash } from 'node:crypto';
import type { Account } from '../../domain/account.ts';
import { canBeSent, canonicalEmail } from '../../domain/account.ts';
import { UNICODE_LOWER } from '../database/sqlite.ts';
import { type AdoptedRow, type AdoptedTable, type OpenTable, openTable, type Source } from './adopted-table.ts';
import type { AccountReader } from './store.ts';

/**
 * The accounts in a table that an application keeps. It is read and never written.
 *
 * Where several rows have one canonical email, none of them is found by it, and where several have one id, none is found at
 * all: which of them is meant, nobody can tell. An account whose id cannot be sent to an upstream is not found either.
 *
 * @throws OperatorError as `openTable` does
 */
export async function adoptedAccounts(source: Source, table: AdoptedTable): Promise<AccountReader> {
  return readerOf(source, table, await openTable(source, table));
}

export function readerOf(source: Source, table: AdoptedTable, open: OpenTable): AccountReader {
  const emailCondition = emailConditionFor(source, table, open);
  const isWholeNumber = /int/.test(open.id.type);

  const findById = async (id: string): Promise<Account | null> => {
    if (!canBeSent(id) || (isWholeNumber && !WHOLE_NUMBER.test(id))) return null;
    const candidates: AdoptedRow[] = await source.ask(open.rows().whereRaw(idCondition(id)));
    // The collation of the column may ignore case, accents and spaces at the end.
    const [row, another] = candidates.filter((one) => one.id === id);
    return row === undefined || another !== undefined ? null : accountOf(row);
  };
  /** Without a type, SQLite keeps a number and the same as a text apart. */
  const idCondition = (id: string) =>
    source.kind === 'sqlite' && !isWholeNumber && WHOLE_NUMBER.test(id)
      ? source.sql.raw('?? in (?, cast(? as integer))', [table.columns.id, id, id])
      : source.sql.raw('?? = ?', [table.columns.id, id]);

  return {
    findById,

    async findByEmail(email) {
      const canonical = canonicalEmail(email);
      const candidates: AdoptedRow[] = await source.ask(open.rows().whereRaw(emailCondition(email)));
      const isSame = (email: string | null) => email !== null && canonicalEmail(email) === canonical;
      // One without an id is nobody's.
      const [row, another] = candidates.filter((one) => one.id !== null && isSame(one.email));
      if (row === undefined || row.id === null || another !== undefined) return null;
      const account = await findById(row.id);
      // Its email may have changed since.
      return account !== null && isSame(account.email) ? account : null;
    },
  };
}

const WHOLE_NUMBER = /^(0|-?[1-9][0-9]{0,19})$/;

/**
 * What the database is asked for an email. It may match too much, since emails are compared once more. It must pass over
 * no spelling of the email, or of two rows that differ by case one would be let in.
 *
 * A collation that ignores case is served by the column's index. Under another, every row is looked at; on SQLite also
 * for an email with letters beyond ASCII.
 */
function emailConditionFor({ kind, sql }: Source, table: AdoptedTable, { email: { collation } }: OpenTable) {
  const column = table.columns.email;
  const isIn = (folded: string, spelling: string) => (email: string) => {
    const spellings = spellingsOf(email);
    return sql.raw(`${folded} in (${spellings.map(() => spelling).join(', ')})`, [column, ...spellings]);
  };
  if (kind === 'sqlite') {
    const isAlike = isIn('?? collate nocase', '?');
    // Where more bytes than characters are stored, there are letters beyond ASCII, whose case SQLite does not know.
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
  // What the character set of the column lacks becomes a question mark there; else the comparison would be an error.
  return isIn('??', `convert(? using ${collation.charset}) collate ${collation.name}`);
}

/** Composed and decomposed, small and capital, and as typed: SQLite ignores the case of ASCII letters alone. */
function spellingsOf(email: string): string[] {
  const canonical = canonicalEmail(email);
  return [...new Set([email, canonical, canonical.normalize('NFD'), canonical.toUpperCase()])];
}

/** @returns null when no request may go on as this account */
function accountOf({ id, email, password, confirmed }: AdoptedRow): Account | null {
  if (id === null || email === null || !canBeSent(id)) return null;
  return { id, email, passwordHash: password, confirmed: isConfirmedValue(confirmed), stamp: stampOf(password) };
}

/** Bound to the stored hash: a new one ends the tokens issued under the old, without a word to the gateway. */
function stampOf(passwordHash: string | null): string {
  return createHash('sha256')
    .update(passwordHash ?? '')
    .digest('base64url');
}

/**
 * Whether the value of an application's column says that an account is confirmed. NULL, 0, false, the empty text, zero
 * dates, and every text that is neither a number, a date nor a word for true do not.
 *
 * A value is judged by what it says, in whatever type of column it stands: bytes are a text, and the bits of a BIT column
 * come as a number.
 */
export function isConfirmedValue(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0 && !Number.isNaN(value);
  if (typeof value === 'bigint') return value !== 0n;
  if (value instanceof Uint8Array) return isConfirmedText(Buffer.from(value).toString('latin1'));
  return typeof value === 'string' && isConfirmedText(value);
}

/** @param padded BINARY(n) fills up with NULs, CHAR(n) with spaces */
function isConfirmedText(padded: string): boolean {
  const text = padded.replace(/\0+$/, '').trim();
  if (/^(true|t|yes|y|on)$/i.test(text)) return true;
  // Zero is also the year 1 of .NET and Go, where a date cannot be absent.
  if (/^\d{4}-\d{2}-\d{2}([ T]|$)/.test(text)) return !/^000[01]-/.test(text);
  return /^[+-]?\d+(\.\d*)?$/.test(text) && Number(text) !== 0;
}
