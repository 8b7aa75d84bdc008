import type { Knex } from 'knex';
import type { Database } from '../database/connection.ts';
import type { TableColumn } from './table-columns.ts';

const WHOLE_NUMBER = /^(0|-?[1-9][0-9]{0,19})$/;

/**
 * The SQL condition that a column has this id; null: it cannot. The condition may match other rows too, as the collation of a
 * column may ignore case, accents and trailing spaces: the caller compares the ids again.
 *
 * @param name as it is written in the query
 */
export function idCondition(
  { kind, sql }: Pick<Database, 'kind' | 'sql'>,
  name: string,
  { type }: TableColumn,
  id: string,
): Knex.Raw | null {
  const isWholeNumber = /int/.test(type);
  if (isWholeNumber && !WHOLE_NUMBER.test(id)) return null;
  // In a column without a type, SQLite distinguishes the number 1 from the text "1".
  if (kind === 'sqlite' && !isWholeNumber && WHOLE_NUMBER.test(id)) {
    return sql.raw('?? in (?, cast(? as integer))', [name, id, id]);
  }
  return sql.raw('?? = ?', [name, id]);
}
