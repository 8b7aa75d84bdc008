import type { Knex } from 'knex';
import { canonicalEmail } from '../../domain/account.ts';
import type { Column, Condition, Source } from './dialects/dialect.ts';

/** A column whose texts account owners log in with. */
export interface LoginColumn {
  readonly column: Column;
  /** Whether it is the column of emails: these are compared in canonical form, all other logins exactly. */
  readonly isEmail: boolean;
  /** Finds rows by a login; may find others too. */
  readonly find: Condition;
}

/**
 * The columns in which a text is looked up. Where emails are one column among several, a text with an @ is an email, and any
 * other text is none: else whoever chooses the email of another as a user name would make it ambiguous, and so lock the other out.
 */
export function columnsFor<Login extends Pick<LoginColumn, 'isEmail'>>(
  logins: readonly Login[],
  text: string,
): readonly Login[] {
  if (logins.length === 1 || !logins.some(({ isEmail }) => isEmail)) return logins;
  return logins.filter(({ isEmail }) => isEmail === text.includes('@'));
}

/** Whether the value of a column is the login that somebody has typed. */
export function isLogin({ isEmail }: Pick<LoginColumn, 'isEmail'>, value: string, typed: string): boolean {
  return isEmail ? canonicalEmail(value) === canonicalEmail(typed) : value === typed;
}

/** @returns the condition for rows with a login; null: there can be none */
export function rowsWithLogin(
  { sql }: Pick<Source, 'sql'>,
  logins: readonly LoginColumn[],
  text: string,
): Knex.Raw | null {
  if (text === '') return null;
  const conditions = columnsFor(logins, text).flatMap(({ find }) => find(text) ?? []);
  return conditions.length === 0 ? null : sql.raw(conditions.map(() => '(?)').join(' or '), conditions);
}
