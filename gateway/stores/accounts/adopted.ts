import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import type { Account } from '../../domain/account.ts';
import { isSendableUserId } from '../../domain/account.ts';
import { type AdoptedRow, type AdoptedTable, loginsOf, type OpenTable, openTable } from './adopted-table.ts';
import type { Source } from './dialects/dialect.ts';
import { columnsFor, isLogin, rowsWithLogin } from './logins.ts';
import type { AccountReader } from './store.ts';

/**
 * Reads the accounts in an application's table.
 *
 * Ambiguous rows are not found: rows that share a login by that login, in whichever columns, and rows that share an id by
 * nothing. A row whose id cannot be sent to an upstream is not found either.
 *
 * @throws OperatorError as `openTable` does
 */
export async function adoptedAccounts(source: Source, table: AdoptedTable): Promise<AccountReader> {
  return readerOf(source, await openTable(source, table));
}

export function readerOf(source: Pick<Source, 'sql' | 'query'>, open: OpenTable): AccountReader {
  const rowsWith = async (condition: Knex.Raw | null): Promise<AdoptedRow[]> =>
    condition === null ? [] : await source.query(open.rows().whereRaw(condition));

  const rowWithId = async (id: string): Promise<AdoptedRow | null> => {
    const candidates = await rowsWith(isSendableUserId(id) ? open.byId(id) : null);
    // The collation of the column may ignore case, accents and trailing spaces.
    const [row, another] = candidates.filter((one) => one.id === id);
    return row === undefined || another !== undefined ? null : row;
  };

  const accountWith = async (id: string, isMeant: (row: AdoptedRow) => boolean): Promise<Account | null> => {
    const row = await rowWithId(id);
    return row === null || !isMeant(row) ? null : accountOf(row, open, await open.groupsOf(id, row));
  };

  return {
    findById: (id) => accountWith(id, () => true),

    async findByLogin(typed, onAmbiguous = () => {}) {
      const meant = new Set(columnsFor(open.logins, typed));
      const hasLogin = (row: AdoptedRow) =>
        loginsOf(row, open).some((value, index) => {
          const column = open.logins[index];
          return value !== null && column !== undefined && meant.has(column) && isLogin(column, value, typed);
        });
      const candidates = await rowsWith(rowsWithLogin(source, open.logins, typed));
      // Rows without an id are ignored.
      const ids = candidates.filter(hasLogin).flatMap(({ id }) => id ?? []);
      const [id] = ids;
      if (id === undefined) return null;
      if (ids.length > 1) {
        onAmbiguous(ids);
        return null;
      }
      // The login may have changed between the two queries.
      return await accountWith(id, hasLogin);
    },
  };
}

/** @returns null when the row is not a usable account */
function accountOf(row: AdoptedRow, open: OpenTable, groups: readonly string[]): Account | null {
  const { id, email, password, confirmed } = row;
  const logins = [...new Set(loginsOf(row, open).filter((login): login is string => login !== null && login !== ''))];
  if (id === null || logins.length === 0 || !isSendableUserId(id)) return null;
  return {
    id,
    email: email ?? '',
    logins,
    passwordHash: password,
    confirmed: isConfirmedValue(confirmed),
    stamp: stampOf(password),
    groups,
  };
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
