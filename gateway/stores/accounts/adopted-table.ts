import type { Knex } from 'knex';
import type { MaybePromise } from '../../domain/maybe-promise.ts';
import { loginColumns } from '../../settings/schema/account-options.ts';
import type { IdForm } from '../../settings/schema/id-form.ts';
import { ACCOUNT_COLUMNS, type AccountGroupsSettings, type Settings } from '../../settings/schema/settings.ts';
import { rejectedBy } from '../database/failure.ts';
import { openMemberships } from './adopted-groups.ts';
import type { Column, Condition, Source } from './dialects/dialect.ts';
import { DIALECTS } from './dialects/dialects.ts';
import { checked, countNames, type GroupCounts, namesIn } from './group-names.ts';
import { idColumn } from './id-column.ts';
import type { LoginColumn } from './logins.ts';
import { columnNamed, columnsOf, quotedTable } from './table-columns.ts';

/** An application's table of users, as the configuration describes it. */
export interface AdoptedTable {
  /** As the configuration names it: `partsOfTable` reads it. */
  readonly name: string;
  readonly columns: {
    readonly id: string;
    /** null: it has no emails. */
    readonly email: string | null;
    /** What account owners log in with, at least one. */
    readonly logins: readonly string[];
    readonly password: string;
  };
  /** How the ids are stored; null: the configuration does not say. */
  readonly idForm: IdForm | null;
  readonly confirmed: { readonly column: string } | { readonly expression: string };
  /** Where its groups are; null: it has none. */
  readonly groups: { readonly column: string } | AccountGroupsSettings | null;
}

/** @returns null when the configuration uses the gateway's own table */
export function adoptedTable({ table, columns, confirmedWhen, groups }: Settings['accounts']): AdoptedTable | null {
  if (table === undefined) return null;
  const { id, password, confirmed, groups: column } = columns ?? ACCOUNT_COLUMNS.parse({});
  // `settings/rules/conflicts.ts` requires exactly one of the two. With neither, no account counts as confirmed.
  const isConfirmed = confirmed === undefined ? { expression: confirmedWhen ?? '1 = 0' } : { column: confirmed };
  const inColumn = column === undefined ? null : { column };
  return {
    name: table,
    columns: { id: id.name, password, ...loginColumns(columns) },
    idForm: id.as ?? null,
    confirmed: isConfirmed,
    groups: inColumn ?? groups ?? null,
  };
}

/** A selected row; id, email, logins and hash of any type are cast to text. */
export interface AdoptedRow {
  readonly id: string | null;
  /** null too where the table has no emails. */
  readonly email: string | null;
  readonly password: string | null;
  readonly confirmed: unknown;
  /** As written in the column of groups; null where there is none. */
  readonly groups: string | null;
  /** By the position of the column of logins. */
  readonly [login: LoginName]: string | null;
}

type LoginName = `login${number}`;

/** The login of a row in each column of logins, in their order. */
export function loginsOf(row: AdoptedRow, { logins }: Pick<OpenTable, 'logins'>): readonly (string | null)[] {
  return logins.map((_, index) => row[`login${index}`] ?? null);
}

export interface OpenTable {
  /** The condition for `rows`; it may match other rows too. */
  readonly byId: Condition;
  /** At least one. */
  readonly logins: readonly LoginColumn[];
  /** The valid names of a row's groups. @throws GatewayError 503 when they cannot be read */
  groupsOf(id: string, row: AdoptedRow): MaybePromise<readonly string[]>;
  countGroups(): Promise<GroupCounts>;
  /** A select to which callers add conditions. */
  rows(): Knex.QueryBuilder<AdoptedRow, AdoptedRow[]>;
  /** All rows with an id, in the order of ids, a thousand at a time. */
  chunks(): AsyncGenerator<AdoptedRow[]>;
  /** The last rows with an id, in the reverse order of ids. */
  last(count: number): Promise<AdoptedRow[]>;
  /** All rows. */
  count(): Promise<number>;
  countWithoutId(): Promise<number>;
  /** The ids that several rows share, with the number of rows. */
  sharedIds(): Promise<ReadonlyMap<string, number>>;
  /** Some of the hashes. */
  hashes(limit: number): Promise<string[]>;
}

const CHUNK = 1000;

/**
 * Checks that the table exists with these columns, and that the expression is valid.
 *
 * @throws OperatorError that names what is missing and what exists; GatewayError when the database is unavailable
 */
export async function openTable(source: Source, table: AdoptedTable): Promise<OpenTable> {
  const { kind, sql, query } = source;
  const { columns, confirmed, groups } = table;
  const dialect = DIALECTS[kind];
  const known = await columnsOf(source, table.name, 'accounts.table');
  const columnOf = (name: string, option: string) => columnNamed(known, name, table.name, `accounts.columns.${option}`);
  const id = columnOf(columns.id, 'id');
  const ids = idColumn(source, id, table.idForm, 'accounts.columns.id');
  const email = columns.email === null ? null : columnOf(columns.email, 'email');
  const isDefault = columns.logins.length === 1 && columns.logins[0] === columns.email;
  const loginColumns = columns.logins.map((name) => columnOf(name, isDefault ? 'email' : 'login'));
  const password = columnOf(columns.password, 'password');
  const groupsColumn = groups !== null && 'column' in groups ? columnOf(groups.column, 'groups') : null;
  const memberships =
    groups === null || 'column' in groups ? null : await openMemberships(source, groups, table.idForm);

  const from = sql.raw(quotedTable(source, table.name));
  const confirmedValue =
    'column' in confirmed
      ? dialect.confirmed(columnOf(confirmed.column, 'confirmed'))
      : `case when (${confirmed.expression}) then 1 else 0 end`;
  const loginTexts = Object.fromEntries(loginColumns.map((column, index) => [`login${index}`, dialect.text(column)]));
  const plain: Record<'id' | 'email' | 'password' | 'groups' | LoginName, string> = {
    id: ids.text,
    email: email === null ? 'null' : dialect.text(email),
    password: dialect.text(password),
    groups: groupsColumn === null ? 'null' : dialect.groups(groupsColumn),
    ...loginTexts,
  };
  const selecting = (expressions: Readonly<Record<string, string>>) =>
    sql<AdoptedRow>(from).select<AdoptedRow[]>(namedIn(sql, expressions));
  const rows = () => selecting({ ...plain, confirmed: confirmedValue });

  await query(selecting(plain).limit(1)).catch(
    rejectedBy((reason) => `accounts.table: ${table.name} cannot be read: ${reason}.`),
  );
  await query(rows().limit(1)).catch(
    rejectedBy((reason) => `accounts.confirmedWhen: not an SQL expression on the columns of ${table.name}: ${reason}.`),
  );

  const countOf = async (rows: Knex.QueryBuilder) => {
    const counted: { count: number | string }[] = await query(rows.count({ count: '*' }));
    return Number(counted[0]?.count ?? 0);
  };

  return {
    byId: ids.byId,
    logins: await Promise.all(
      loginColumns.map(async (column): Promise<LoginColumn> => {
        const isEmail = column.name === email?.name;
        const find = isEmail ? await dialect.byEmail(source, column) : dialect.byText(source, column);
        return { column, isEmail, find };
      }),
    ),
    rows,
    groupsOf: (id, row) => (memberships === null ? namesIn(row.groups).valid : memberships.groupsOf(id)),
    async countGroups() {
      if (memberships !== null) return countNames(await memberships.countNames(), (name) => checked([name]));
      if (groupsColumn === null) return { valid: new Map(), passedOver: new Map() };
      const written = namedIn(sql, { groups: `min(${dialect.groups(groupsColumn)})` });
      const counted: { groups: string; count: number | string }[] = await query(
        sql(from)
          .select(written)
          .count({ count: '*' })
          .whereRaw(isNotNull(groupsColumn))
          .groupByRaw(dialect.exactly(groupsColumn)),
      );
      return countNames(new Map(counted.map((row) => [row.groups, Number(row.count)])), namesIn);
    },
    async *chunks() {
      // In the order of the column: its selected text sorts 10 before 9.
      let last: string | null = null;
      for (;;) {
        const after = last === null ? sql.raw(isNotNull(id)) : ids.after(last);
        const chunk: (AdoptedRow & { position: string })[] = await query(
          rows()
            .select(namedIn(sql, { position: ids.position }))
            .whereRaw(after)
            .orderByRaw(id.sql)
            .limit(CHUNK),
        );
        if (chunk.length > 0) yield chunk.map(({ position: _, ...row }) => row);
        last = chunk.at(-1)?.position ?? null;
        if (chunk.length < CHUNK || last === null) return;
      }
    },
    async last(count) {
      return await query(rows().whereRaw(isNotNull(id)).orderByRaw(`${id.sql} desc`).limit(count));
    },
    count: () => countOf(sql(from)),
    countWithoutId: () => countOf(sql(from).whereRaw(`${id.sql} is null`)),
    async sharedIds() {
      // The number 1 and the text "1" are the same id; texts that are equal only by collation are not.
      const counted: { id: string; count: number | string }[] = await query(
        sql(from)
          .select(namedIn(sql, { id: `min(${ids.text})` }))
          .count({ count: '*' })
          .whereRaw(isNotNull(id))
          .groupByRaw(ids.exactly)
          .havingRaw('count(*) > 1'),
      );
      return new Map(counted.map(({ id, count }) => [id, Number(count)]));
    },
    async hashes(limit) {
      const found: AdoptedRow[] = await query(rows().whereRaw(isNotNull(password)).limit(limit));
      return found.flatMap((row) => row.password ?? []);
    },
  };
}

/** A list of expressions to select, with the name of each in the result. */
function namedIn(sql: Knex, expressions: Readonly<Record<string, string>>): Knex.Raw {
  const list = Object.values(expressions).map((expression) => `${expression} as ??`);
  return sql.raw(list.join(', '), Object.keys(expressions));
}

function isNotNull(column: Column): string {
  return `${column.sql} is not null`;
}
