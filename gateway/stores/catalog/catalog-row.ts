import type { Database } from '../database/connection.ts';

export type CatalogSource = Pick<Database, 'kind' | 'sql' | 'query'>;

export interface CatalogColumn {
  readonly name: string;
  /** The type of the database, in lower case: `bigint`, `varchar(36)`, `timestamp without time zone`. */
  readonly type: string;
}

/** A column as a catalog query returns it, in the order of tables and of columns. */
export interface CatalogRow extends CatalogColumn {
  readonly schema: string | null;
  readonly table: string;
  readonly isKey: boolean;
  readonly isReadable: boolean;
}

/** Columns that are read at most, so that a server with a million tables does not fill the memory. */
export const MOST_COLUMNS = 200_000;
