import { OperatorError } from '../../domain/errors.ts';
import { partsOfTable } from '../../settings/schema/table-name.ts';
import { rejectedBy } from '../database/failure.ts';
import type { Column, Source, TableName } from './dialects/dialect.ts';
import { DIALECTS } from './dialects/dialects.ts';

/** Maximum number of tables listed in the error about a missing table. */
const MOST_NAMES = 20;

/**
 * The columns of a table or view.
 *
 * @param table as the configuration names it
 * @param option the option that names it
 * @param alias the name of the table in the query; omitted: its own
 * @throws OperatorError when there is no such table, or this user may not read it
 */
export async function columnsOf(source: Source, table: string, option: string, alias?: string): Promise<Column[]> {
  const dialect = DIALECTS[source.kind];
  const wanted = tableName(table);
  const columns = await dialect.columnsOf(source, wanted);
  const prefix = alias === undefined ? partsOfTable(table) : [alias];
  if (columns.length > 0 && columns.every((column) => !column.readable)) {
    throw new OperatorError(
      `${option}: the database user may not read ${table}; it needs GRANT SELECT ON ${table}, and on PostgreSQL GRANT USAGE on its schema.`,
    );
  }
  if (columns.length > 0) {
    return columns.map((column) => {
      const quoted = dialect.quoted(...prefix, column.name);
      return { ...column, sql: column.castTo === null ? quoted : `${quoted}::${column.castTo}` };
    });
  }
  const names = await dialect.tablesOf(source, wanted.schema);
  if (names.includes(wanted.name)) {
    // A view that is broken has no columns: the database says why.
    const all = source.sql(source.sql.raw(quotedTable(source, table))).limit(1);
    await source.query(all).catch(rejectedBy((reason) => `${option}: ${table} cannot be read: ${reason}.`));
  }
  const others = names.filter((one) => !/(^|\.)gatehouse_/.test(one));
  const more = others.length > MOST_NAMES ? ', …' : '';
  const there = others.length === 0 ? 'there is none' : `there are ${others.slice(0, MOST_NAMES).join(', ')}${more}`;
  throw new OperatorError(`${option}: there is no table ${table} that the gateway may read in the database; ${there}.`);
}

/** The quoted name of a table. */
export function quotedTable({ kind }: Pick<Source, 'kind'>, table: string): string {
  return DIALECTS[kind].quoted(...partsOfTable(table));
}

/** @throws OperatorError when the table has no such column, or this user may not read it */
export function columnNamed(known: readonly Column[], name: string, table: string, option: string): Column {
  const alike = known.filter((one) => one.name.toLowerCase() === name.toLowerCase());
  const column = alike.find((one) => one.name === name) ?? alike[0];
  if (column?.readable) return column;
  if (column !== undefined) {
    throw new OperatorError(
      `${option}: the database user may not read the column ${column.name} of ${table}; it needs GRANT SELECT (${column.name}) ON ${table}.`,
    );
  }
  const names = known.map((one) => one.name).join(', ');
  throw new OperatorError(`${option}: ${table} has no column ${name}; it has ${names}.`);
}

/** The schema and the name of a table, as the configuration names it. */
export function tableName(table: string): TableName {
  const [name = '', schema = null] = partsOfTable(table).reverse();
  return { schema, name };
}
