import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import type { Account } from '../../domain/account.ts';
import { canonicalEmail, isSendableUserId } from '../../domain/account.ts';
import { type AdoptedRow, type AdoptedTable, type OpenTable, openTable } from './adopted-table.ts';
import type { Source } from './dialects/dialect.ts';
import type { AccountReader } from './store.ts';

/**
 * Reads the accounts in an application's table.
 *
 * Ambiguous rows are not found: rows that share a canonical email by that email, and rows that share an id by neither. A row
 * whose id cannot be sent to an upstream is not found either.
 *
 * @throws OperatorError as `openTable` does
 */
export async function adoptedAccounts(source: Source, table: AdoptedTable): Promise<AccountReader> {
  return readerOf(source, await openTable(source, table));
}

export function readerOf({ query }: Pick<Source, 'query'>, open: OpenTable): AccountReader {
  const rowsWith = async (condition: Knex.Raw | null): Promise<AdoptedRow[]> =>
    condition === null ? [] : await query(open.rows().whereRaw(condition));

  const findById = async (id: string): Promise<Account | null> => {
    const candidates = await rowsWith(isSendableUserId(id) ? open.byId(id) : null);
    // The collation of the column may ignore case, accents and trailing spaces.
    const [row, another] = candidates.filter((one) => one.id === id);
    if (row === undefined || another !== undefined) return null;
    return accountOf(row, await open.groupsOf(id, row));
  };

  return {
    findById,

    async findByEmail(email) {
      const canonical = canonicalEmail(email);
      const candidates = await rowsWith(open.byEmail(email));
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
  const date = dateIn(text);
  if (date !== null) return date === 'date';
  return /^[+-]?\d+(\.\d*)?$/.test(text) && Number(text) !== 0;
}

/**
 * Whether a text is a date, with or without a time, or one that stands for none: MySQL's zero date has year 0, and .NET and Go
 * write year 1. PostgreSQL has years of up to six digits.
 *
 * @returns null: neither, as PostgreSQL's `infinity`
 */
export function dateIn(text: string): 'date' | 'zero date' | null {
  if (!/^\d{4,6}-\d{2}-\d{2}([ T]|$)/.test(text)) return null;
  return /^000[01]-/.test(text) ? 'zero date' : 'date';
}
