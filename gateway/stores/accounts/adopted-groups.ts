import type { Knex } from 'knex';
import type { AccountGroupsSettings } from '../../settings/schema/settings.ts';
import type { Database } from '../database/connection.ts';
import { checked } from './group-names.ts';
import { idCondition } from './id-condition.ts';
import { columnNamed, columnsOf, type Source, type TableColumn } from './table-columns.ts';

/** The table of memberships of an application, checked against the database. */
export interface OpenMemberships {
  /** The valid names of the account's groups. @throws GatewayError 503 when they cannot be read */
  groupsOf(accountId: string): Promise<readonly string[]>;
  /** Each name as written, with the number of its rows. */
  countNames(): Promise<ReadonlyMap<string, number>>;
}

/**
 * Checks that the tables exist with these columns.
 *
 * @throws OperatorError that names what is missing and what exists; GatewayError when the database is unavailable
 */
export async function openMemberships(source: Source, settings: AccountGroupsSettings): Promise<OpenMemberships> {
  const { kind, sql, query } = source;
  const { table, account, group, name, names, where = {} } = settings;
  const own = await columnsOf(source, table, 'accounts.groups.table');
  const accountColumn = columnNamed(own, account, table, 'accounts.groups.account');
  if (name !== undefined) columnNamed(own, name, table, 'accounts.groups.name');
  if (group !== undefined) columnNamed(own, group, table, 'accounts.groups.group');
  requireColumns(own, where, table, 'accounts.groups.where');
  if (names !== undefined) {
    const others = await columnsOf(source, names.table, 'accounts.groups.names.table');
    columnNamed(others, names.id, names.table, 'accounts.groups.names.id');
    columnNamed(others, names.name, names.table, 'accounts.groups.names.name');
    requireColumns(others, names.where ?? {}, names.table, 'accounts.groups.names.where');
  }
  const nameColumn = names === undefined ? `m.${name}` : `n.${names.name}`;
  const type = kind === 'mysql' ? 'char' : 'text';

  const memberships = () => {
    const rows = sql(`${table} as m`);
    if (names !== undefined) void rows.join(`${names.table} as n`, `n.${names.id}`, `m.${group}`);
    for (const [column, value] of Object.entries(where)) void rows.where(`m.${column}`, bound(kind, value));
    for (const [column, value] of Object.entries(names?.where ?? {}))
      void rows.where(`n.${column}`, bound(kind, value));
    return rows.whereNotNull(nameColumn);
  };
  const asText = (column: string, alias: string) => sql.raw(`cast(?? as ${type}) as ??`, [column, alias]);
  const selected = (rows: Knex.QueryBuilder): Promise<{ account: string; name: string }[]> =>
    query(rows.select(asText(`m.${account}`, 'account'), asText(nameColumn, 'name')));

  await selected(memberships().limit(1));

  return {
    async groupsOf(accountId) {
      const condition = idCondition(source, `m.${account}`, accountColumn, accountId);
      if (condition === null) return [];
      const rows = await selected(memberships().whereRaw(condition));
      // The collation of the column may ignore case, accents and trailing spaces.
      return checked(rows.filter((row) => row.account === accountId).map((row) => row.name)).valid;
    },
    async countNames() {
      // As bytes: collations would count names together that the gateway tells apart.
      const exactly = sql.raw(kind === 'mysql' ? 'binary ??' : 'cast(?? as text) collate binary', [nameColumn]);
      const counted: { name: string; count: number | string }[] = await query(
        memberships()
          .select(sql.raw(`min(cast(?? as ${type})) as name`, [nameColumn]))
          .count({ count: '*' })
          .groupBy(exactly),
      );
      return new Map(counted.map((row) => [row.name, Number(row.count)]));
    },
  };
}

function requireColumns(known: readonly TableColumn[], where: object, table: string, option: string): void {
  for (const column of Object.keys(where)) columnNamed(known, column, table, option);
}

/** MySQL takes every text without digits for 0 when it is compared with a number. */
function bound(kind: Database['kind'], value: string | number | boolean): string | number {
  const plain = typeof value === 'boolean' ? Number(value) : value;
  return kind === 'mysql' ? String(plain) : plain;
}
