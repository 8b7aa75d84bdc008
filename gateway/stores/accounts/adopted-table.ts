import type { Knex } from 'knex';
import { GatewayError, OperatorError } from '../../domain/errors.ts';
import type { MaybePromise } from '../../domain/maybe-promise.ts';
import { ACCOUNT_COLUMNS, type AccountGroupsSettings, type Settings } from '../../settings/schema/settings.ts';
import { openMemberships } from './adopted-groups.ts';
import { checked, countNames, type GroupCounts, namesIn } from './group-names.ts';
import { columnNamed, columnsOf, type Source, type TableColumn } from './table-columns.ts';

/** An application's table of users, as the configuration describes it. */
export interface AdoptedTable {
  /** `table` or `schema.table`. */
  readonly name: string;
  readonly columns: { readonly id: string; readonly email: string; readonly password: string };
  readonly confirmed: { readonly column: string } | { readonly expression: string };
  /** Where its groups are; null: it has none. */
  readonly groups: { readonly column: string } | AccountGroupsSettings | null;
}

/** @returns null when the configuration uses the gateway's own table */
export function adoptedTable({ table, columns, confirmedWhen, groups }: Settings['accounts']): AdoptedTable | null {
  if (table === undefined) return null;
  const { confirmed, groups: column, ...others } = columns ?? ACCOUNT_COLUMNS.parse({});
  // `settings/rules/conflicts.ts` requires exactly one of the two. With neither, no account counts as confirmed.
  const isConfirmed = confirmed === undefined ? { expression: confirmedWhen ?? '1 = 0' } : { column: confirmed };
  const inColumn = column === undefined ? null : { column };
  return { name: table, columns: others, confirmed: isConfirmed, groups: inColumn ?? groups ?? null };
}

/** A selected row; id, email and hash of any type are cast to text. */
export interface AdoptedRow {
  readonly id: string | null;
  readonly email: string | null;
  readonly password: string | null;
  readonly confirmed: unknown;
  /** As written in the column of groups; null where there is none. */
  readonly groups: string | null;
}

export interface OpenTable {
  readonly id: TableColumn;
  readonly email: TableColumn;
  /** The valid names of a row's groups. @throws GatewayError 503 when they cannot be read */
  groupsOf(id: string, row: AdoptedRow): MaybePromise<readonly string[]>;
  countGroups(): Promise<GroupCounts>;
  /** A select to which callers add conditions. */
  rows(): Knex.QueryBuilder<AdoptedRow, AdoptedRow[]>;
  /** All rows with an id, in the order of ids, a thousand at a time. */
  chunks(): AsyncGenerator<AdoptedRow[]>;
  countWithoutId(): Promise<number>;
  /** The ids that several rows share, with the number of rows. */
  sharedIds(): Promise<ReadonlyMap<string, number>>;
}

const CHUNK = 1000;

/**
 * Checks that the table exists with these columns, and that the expression is valid.
 *
 * @throws OperatorError that names what is missing and what exists; GatewayError when the database is unavailable
 */
export async function openTable({ kind, sql, query }: Source, table: AdoptedTable): Promise<OpenTable> {
  const { columns, confirmed, groups } = table;
  const known = await columnsOf({ kind, sql, query }, table.name, 'accounts.table');
  const columnOf = (name: string, option: string) => columnNamed(known, name, table.name, `accounts.columns.${option}`);
  const id = columnOf(columns.id, 'id');
  const email = columnOf(columns.email, 'email');
  const password = columnOf(columns.password, 'password');
  const groupsColumn = groups !== null && 'column' in groups ? columnOf(groups.column, 'groups').name : null;
  const memberships =
    groups === null || 'column' in groups ? null : await openMemberships({ kind, sql, query }, groups);

  // Cast to text: numbers above 2^53 would be rounded, and bytes would arrive as a Buffer.
  const text = (column: string, name: string) =>
    sql.raw(kind === 'mysql' ? 'cast(?? as char) as ??' : 'cast(?? as text) as ??', [column, name]);
  const confirmedColumn = (column: string) => {
    const { type } = columnOf(column, 'confirmed');
    // Read as text: mysql2 turns 0000-00-00 into a date in 1899.
    if (/date|time/.test(type)) return text(column, 'confirmed');
    return sql.raw(type === 'bit' ? '?? + 0 as confirmed' : '?? as confirmed', [column]);
  };
  // BINARY(n) is padded with NULs, which no hash contains.
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
      groupsColumn === null ? sql.raw('null as ??', ['groups']) : text(groupsColumn, 'groups'),
    );

  await query(rows().limit(1)).catch((error: unknown) => {
    throw isRefusal(error) && 'expression' in confirmed ? wrongExpression(table.name, error) : error;
  });

  return {
    id,
    email,
    rows,
    groupsOf: (id, row) => (memberships === null ? namesIn(row.groups).valid : memberships.groupsOf(id)),
    async countGroups() {
      if (memberships !== null) return countNames(await memberships.countNames(), (name) => checked([name]));
      if (groupsColumn === null) return { valid: new Map(), passedOver: new Map() };
      const counted: { groups: string; count: number | string }[] = await query(
        sql(table.name)
          .select(sql.raw(`min(cast(?? as ${kind === 'mysql' ? 'char' : 'text'})) as ??`, [groupsColumn, 'groups']))
          .count({ count: '*' })
          .whereNotNull(groupsColumn)
          .groupByRaw(kind === 'mysql' ? 'cast(?? as binary)' : 'cast(?? as text)', [groupsColumn]),
      );
      return countNames(new Map(counted.map((row) => [row.groups, Number(row.count)])), namesIn);
    },
    async *chunks() {
      // The qualified name: the plain one would mean the selected text, which sorts 10 before 9.
      const key = `${table.name}.${columns.id}`;
      let last: string | null = null;
      for (;;) {
        const after = last === null ? sql.raw('?? is not null', [key]) : sql.raw('?? > ?', [key, last]);
        const chunk: AdoptedRow[] = await query(rows().whereRaw(after).orderByRaw('??', [key]).limit(CHUNK));
        if (chunk.length > 0) yield chunk;
        last = chunk.at(-1)?.id ?? null;
        if (chunk.length < CHUNK || last === null) return;
      }
    },
    async countWithoutId() {
      const counted: { count: number | string }[] = await query(
        sql(table.name).whereNull(columns.id).count({ count: '*' }),
      );
      return Number(counted[0]?.count ?? 0);
    },
    async sharedIds() {
      // The number 1 and the text "1" are the same id; texts that are equal only by collation are not.
      const exactly = sql.raw(kind === 'mysql' ? 'binary ??' : 'cast(?? as text) collate binary', [columns.id]);
      const counted: { id: string; count: number | string }[] = await query(
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

/** Whether the database rejected the statement. */
function isRefusal(error: unknown): error is GatewayError {
  if (!(error instanceof GatewayError) || !(error.cause instanceof Error)) return false;
  return 'sqlState' in error.cause || ('code' in error.cause && error.cause.code === 'SQLITE_ERROR');
}

function wrongExpression(table: string, { cause }: GatewayError): OperatorError {
  const reason = cause instanceof Error ? (cause.message.split(' - ').at(-1) ?? '') : '';
  return new OperatorError(`accounts.confirmedWhen: not an SQL expression on the columns of ${table}: ${reason}.`);
}
