import type { Knex } from 'knex';
import type { Database } from '../../database/connection.ts';

/** The database with an application's table. */
export type Source = Pick<Database, 'kind' | 'sql' | 'query'>;

/** A column of an application's table, as the database describes it. */
export interface TableColumn {
  readonly name: string;
  /** The type name of the database, in lower case: `bigint`, `varchar(36)`; on PostgreSQL `int8`, and `enum` or `array` for all of these. */
  readonly type: string;
  /** Bytes or characters; null where the database does not say. */
  readonly length: number | null;
  /** As SQL names it; null for columns that are no text, and where the database decides. */
  readonly collation: string | null;
  /** Only for text columns on MySQL. */
  readonly charset: string | null;
  /** Only on PostgreSQL: the schema of the type. */
  readonly typeSchema: string | null;
  /** Whether this user may select it. */
  readonly readable: boolean;
  /**
   * Only on PostgreSQL: the type that queries cast the column to, since its own has no operators of the database itself; null:
   * it has. Else another role could define these operators, in a schema where it may create, and the gateway would run them.
   */
  readonly castTo: string | null;
}

/** A column as a query names it. */
export interface Column extends TableColumn {
  /** Quoted, with its table, and cast to `castTo`. */
  readonly sql: string;
}

/** Where to look for a table. @param schema null: where the database looks by itself */
export interface TableName {
  readonly schema: string | null;
  readonly name: string;
}

/** The condition that a column has this text; null: it cannot have it. */
export type Condition = (text: string) => Knex.Raw | null;

/**
 * How an application's tables are read on one kind of database. What is returned as a string is SQL without values.
 *
 * A condition may match other rows too, since the collation of a column may ignore case, accents and trailing spaces: callers
 * compare the texts again.
 */
export interface Dialect {
  /** Quotes each name and joins them with dots. */
  quoted(...names: readonly string[]): string;
  /** The columns of a table or view that this user sees; empty: there is none. @throws GatewayError */
  columnsOf(source: Source, table: TableName): Promise<TableColumn[]>;
  /** The tables and views that this user may read, in this schema. @throws GatewayError */
  tablesOf(source: Source, schema: string | null): Promise<string[]>;
  /** The text of a value of any type: numbers above 2^53 would be rounded, and bytes would arrive as a Buffer. */
  text(column: Column): string;
  /** The bytes as hexadecimal digits in lower case. */
  hex(column: Column): string;
  /** The texts as one text; NULL where one is NULL. */
  joined(texts: readonly string[]): string;
  /** Whether a column may have UUIDs as bytes, or has text. */
  uuidStorage(column: Column): 'bytes' | 'digits';
  /** Groups values by what the gateway tells apart: a collation would take more of them for one. */
  exactly(column: Column): string;
  /** The value of a column of confirmations, as `isConfirmedValue` reads it. */
  confirmed(column: Column): string;
  /** The names of groups in a column, as `namesIn` reads them. */
  groups(column: Column): string;
  /**
   * Finds rows by an email, in every spelling: otherwise one of two rows that differ by case would be accepted as unambiguous.
   * Uses an index of the column where its collation and its type allow it.
   */
  byEmail(source: Source, column: Column): Promise<Condition>;
  /** Finds rows by an id, or by a login that is compared exactly. Uses an index of the column. */
  byText({ sql }: Pick<Source, 'sql'>, column: Column): Condition;
  /** How a column is compared with a value or another column of its type. */
  operator(column: Column, name: '=' | '>'): string;
  /** The condition that a column has a value of the configuration. */
  equals({ sql }: Pick<Source, 'sql'>, column: Column, value: string | number | boolean): Knex.Raw;
}

/** A whole number of up to 20 digits, as databases write it. */
export const WHOLE_NUMBER = /^(0|-?[1-9][0-9]{0,19})$/;

/** A UUID as PostgreSQL writes it, and as the gateway sends it. */
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
