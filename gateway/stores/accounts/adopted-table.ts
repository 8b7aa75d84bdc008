import type { Knex } from 'knex';
import { GatewayError, OperatorError } from '../../domain/errors.ts';
import { ACCOUNT_COLUMNS, type Settings } from '../../settings/schema/settings.ts';
import type { Database } from '../database/connection.ts';
import { columnsOf, type TableColumn } from './table-columns.ts';

export type Source = Pick<Database, 'kind' | 'sql' | 'ask'>;

/** A table of users that an application keeps, as the configuration describes it. */
export interface AdoptedTable {
  /** `table` or `schema.table`. */
  readonly name: string;
  readonly columns: { readonly id: string; readonly email: string; readonly password: string };
  readonly confirmed: { readonly column: string } | { readonly expression: string };
}

/** @returns null where the accounts are in the gateway's own table */
export function adoptedTable({ table, columns, confirmedWhen }: Settings['accounts']): AdoptedTable | null {
  if (table === undefined) return null;
  const { confirmed, ...others } = columns ?? ACCOUNT_COLUMNS.parse({});
  // The rules of the settings leave exactly one of the two; were there none, nobody would be confirmed.
  const isConfirmed = confirmed === undefined ? { expression: confirmedWhen ?? '1 = 0' } : { column: confirmed };
  return { name: table, columns: others, confirmed: isConfirmed };
}

/** A row as the database gives it; texts have been made of id, email and hash whatever their types are. */
export interface AdoptedRow {
  readonly id: string | null;
  readonly email: string | null;
  readonly password: string | null;
  readonly confirmed: unknown;
}

export interface OpenTable {
  readonly id: TableColumn;
  readonly email: TableColumn;
  /** Selects rows; conditions are added to it. */
  rows(): Knex.QueryBuilder<AdoptedRow, AdoptedRow[]>;
  /** All rows that have an id, in the order of their ids, a thousand at a time. */
  chunks(): AsyncGenerator<AdoptedRow[]>;
  countWithoutId(): Promise<number>;
  /** The ids that several rows have, and how many rows those are in all. */
  sharedIds(): Promise<ReadonlyMap<string, number>>;
}

const CHUNK = 1000;

/**
 * Looks at the table once: that it is there, with these columns, and that the expression can be computed.
 *
 * @throws OperatorError that names what is missing and says what there is; GatewayError when the database is out
 */
export async function openTable({ kind, sql, ask }: Source, table: AdoptedTable): Promise<OpenTable> {
  const { columns, confirmed } = table;
  const known = await columnsOf({ kind, sql, ask }, table.name);
  const columnNamed = (name: string, option: string): TableColumn => {
    const column = known.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (column !== undefined) return column;
    const names = known.map((one) => one.name).join(', ');
    throw new OperatorError(`accounts.columns.${option}: ${table.name} has no column ${name}; it has ${names}.`);
  };
  const id = columnNamed(columns.id, 'id');
  const email = columnNamed(columns.email, 'email');
  const password = columnNamed(columns.password, 'password');

  // As text: a number beyond 2^53 would be rounded on its way, and bytes would come as bytes.
  const text = (column: string, name: string) =>
    sql.raw(kind === 'mysql' ? 'cast(?? as char) as ??' : 'cast(?? as text) as ??', [column, name]);
  const confirmedColumn = (column: string) => {
    const { type } = columnNamed(column, 'confirmed');
    // The driver makes a date of 1899 of 0000-00-00.
    if (/date|time/.test(type)) return text(column, 'confirmed');
    return sql.raw(type === 'bit' ? '?? + 0 as confirmed' : '?? as confirmed', [column]);
  };
  // BINARY(n) fills up with NULs, which no hash has.
  const hash =
    password.type === 'binary'
      ? sql.raw("cast(trim(trailing x'00' from ??) as char) as ??", [columns.password, 'password'])
      : text(columns.password, 'password');
  const confirmedValue =
    'column' in confirmed
      ? confirmedColumn(confirmed.column)
      : sql.raw(`case when (${confirmed.expression}) then 1 else 0 end as confirmed`);
  const rows = () =>
    sql<AdoptedRow>(table.name).select<AdoptedRow[]>(
      text(columns.id, 'id'),
      text(columns.email, 'email'),
      hash,
      confirmedValue,
    );

  await ask(rows().limit(1)).catch((error: unknown) => {
    throw isRefusal(error) && 'expression' in confirmed ? wrongExpression(table.name, error) : error;
  });

  return {
    id,
    email,
    rows,
    async *chunks() {
      // In full: the name alone would be the text that is selected, in whose order 10 comes before 9.
      const key = `${table.name}.${columns.id}`;
      let last: string | null = null;
      for (;;) {
        const after = last === null ? sql.raw('?? is not null', [key]) : sql.raw('?? > ?', [key, last]);
        const chunk: AdoptedRow[] = await ask(rows().whereRaw(after).orderByRaw('??', [key]).limit(CHUNK));
        if (chunk.length > 0) yield chunk;
        last = chunk.at(-1)?.id ?? null;
        if (chunk.length < CHUNK || last === null) return;
      }
    },
    async countWithoutId() {
      const counted: { count: number | string }[] = await ask(
        sql(table.name).whereNull(columns.id).count({ count: '*' }),
      );
      return Number(counted[0]?.count ?? 0);
    },
    async sharedIds() {
      // A number and a text that are written alike are one id, and two texts that a collation takes for equal are not.
      const exactly = sql.raw(kind === 'mysql' ? 'binary ??' : 'cast(?? as text) collate binary', [columns.id]);
      const counted: { id: string; count: number | string }[] = await ask(
        sql(table.name)
          .select(sql.raw(`min(cast(?? as ${kind === 'mysql' ? 'char' : 'text'})) as id`, [columns.id]))
          .count({ count: '*' })
          .whereNotNull(columns.id)
          .groupBy(exactly)
          .having(sql.raw('count(*) > 1')),
      );
      return new Map(counted.map(({ id, count }) => [id, Number(count)]));
    },
  };
}

/** Whether the database answered, and what it said was that it does not understand. */
function isRefusal(error: unknown): error is GatewayError {
  if (!(error instanceof GatewayError) || !(error.cause instanceof Error)) return false;
  return 'sqlState' in error.cause || ('code' in error.cause && error.cause.code === 'SQLITE_ERROR');
}

function wrongExpression(table: string, { cause }: GatewayError): OperatorError {
  const reason = cause instanceof Error ? (cause.message.split(' - ').at(-1) ?? '') : '';
  return new OperatorError(`accounts.confirmedWhen: not an SQL expression on the columns of ${table}: ${reason}.`);
}
