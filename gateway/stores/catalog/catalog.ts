import type { Database } from '../database/connection.ts';
import type { CatalogColumn, CatalogRow, CatalogSource } from './catalog-row.ts';
import { mysqlCatalog } from './mysql-catalog.ts';
import { postgresCatalog } from './postgres-catalog.ts';
import { sqliteCatalog } from './sqlite-catalog.ts';

/** A table or view of the database. */
export interface CatalogTable {
  /** null: the database finds the table by its name alone. */
  readonly schema: string | null;
  readonly name: string;
  readonly columns: readonly CatalogColumn[];
  /** The columns of the primary key; empty for views. */
  readonly key: readonly string[];
  /** Whether this user may read the table, or some columns of it. */
  readonly isReadable: boolean;
}

/**
 * The tables and views of a database that this user may know of, without those of the gateway and of the database itself.
 *
 * @param schema null: that of the connection; on PostgreSQL all of them
 * @throws GatewayError when the database does not answer
 */
export async function readCatalog(source: CatalogSource, schema: string | null): Promise<CatalogTable[]> {
  const rows = await CATALOGS[source.kind](source, schema);
  const tables = Map.groupBy(rows, ({ schema, table }) => JSON.stringify([schema, table]));
  return [...tables.values()].flatMap((columns) => {
    const [first] = columns;
    if (first === undefined || first.table.startsWith('gatehouse_')) return [];
    return {
      schema: first.schema,
      name: first.table,
      columns: columns.map(({ name, type }) => ({ name, type })),
      key: columns.filter(({ isKey }) => isKey).map(({ name }) => name),
      isReadable: first.isReadable,
    };
  });
}

const CATALOGS: Readonly<
  Record<Database['kind'], (source: CatalogSource, schema: string | null) => Promise<CatalogRow[]>>
> = { sqlite: sqliteCatalog, mysql: mysqlCatalog, postgres: postgresCatalog };
