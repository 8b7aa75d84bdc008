import { OperatorError } from '../../domain/errors.ts';
import type { Database } from '../database/connection.ts';

export interface TableColumn {
  readonly name: string;
  /** The type name of the database, in lower case: `bigint`, `char`, `varchar(36)`. */
  readonly type: string;
  /** Only for text columns on MySQL. */
  readonly collation: { readonly charset: string; readonly name: string } | null;
}

/** The database with an application's table. */
export type Source = Pick<Database, 'kind' | 'sql' | 'query'>;

/** Maximum number of tables listed in the error about a missing table. */
const MOST_NAMES = 20;

/**
 * The columns of a table or view.
 *
 * @param table `table` or `schema.table`
 * @param option the option that names it
 * @throws OperatorError when there is no such table, or this user may not read it
 */
export async function columnsOf(source: Source, table: string, option: string): Promise<TableColumn[]> {
  const [name = '', schema = null] = table.split('.').reverse();
  const columns = await (source.kind === 'mysql' ? mysqlColumns : sqliteColumns)(source, name, schema);
  if (columns.length > 0) return columns;
  const names = await (source.kind === 'mysql' ? mysqlTables : sqliteTables)(source, schema);
  const others = names.filter((one) => !one.startsWith('gatehouse_') && !one.startsWith('sqlite_'));
  const more = others.length > MOST_NAMES ? ', …' : '';
  const there = others.length === 0 ? 'there is none' : `there are ${others.slice(0, MOST_NAMES).join(', ')}${more}`;
  throw new OperatorError(`${option}: there is no table ${table} that the gateway may read in the database; ${there}.`);
}

/** @throws OperatorError when the table has no such column */
export function columnNamed(known: readonly TableColumn[], name: string, table: string, option: string): TableColumn {
  const column = known.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (column !== undefined) return column;
  const names = known.map((one) => one.name).join(', ');
  throw new OperatorError(`${option}: ${table} has no column ${name}; it has ${names}.`);
}

async function mysqlColumns({ sql, query }: Source, table: string, schema: string | null): Promise<TableColumn[]> {
  const columns: { name: string; type: string; charset: string | null; collation: string | null }[] = await query(
    sql('information_schema.columns')
      .select({ name: 'column_name', charset: 'character_set_name', collation: 'collation_name' })
      .select(sql.raw('lower(data_type) as type'))
      .where('table_name', table)
      .andWhere('table_schema', schema ?? sql.raw('database()'))
      .orderBy('ordinal_position'),
  );
  return columns.map(({ name, type, charset, collation }) => {
    return { name, type, collation: charset === null || collation === null ? null : { charset, name: collation } };
  });
}

async function sqliteColumns({ sql, query }: Source, table: string, schema: string | null): Promise<TableColumn[]> {
  const schemas: string[] = await query(sql('pragma_database_list').pluck('name'));
  if (schema !== null && !schemas.includes(schema)) return [];
  const info = sql.raw('pragma_table_info(?, ?)', [table, schema ?? 'main']);
  const columns: { name: string; type: string }[] = await query(
    sql.select('name', sql.raw('lower(type) as type')).from(info),
  );
  return columns.map(({ name, type }) => ({ name, type, collation: null }));
}

async function mysqlTables({ sql, query }: Source, schema: string | null): Promise<string[]> {
  return await query(
    sql('information_schema.tables')
      .where('table_schema', schema ?? sql.raw('database()'))
      .orderBy('table_name')
      .pluck('table_name'),
  );
}

async function sqliteTables({ sql, query }: Source): Promise<string[]> {
  return await query(sql('sqlite_master').whereIn('type', ['table', 'view']).orderBy('name').pluck('name'));
}
