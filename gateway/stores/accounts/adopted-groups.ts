import type { Knex } from 'knex';
import type { IdForm } from '../../settings/schema/id-form.ts';
import type { AccountGroupsSettings } from '../../settings/schema/settings.ts';
import { rejectedBy } from '../database/failure.ts';
import type { Column, Source } from './dialects/dialect.ts';
import { DIALECTS } from './dialects/dialects.ts';
import { checked } from './group-names.ts';
import { idColumn } from './id-column.ts';
import { columnNamed, columnsOf, quotedTable } from './table-columns.ts';

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
 * @param idForm how the ids of accounts are stored
 * @throws OperatorError that names what is missing and what exists; GatewayError when the database is unavailable
 */
export async function openMemberships(
  source: Source,
  settings: AccountGroupsSettings,
  idForm: IdForm | null,
): Promise<OpenMemberships> {
  const { kind, sql, query } = source;
  const { table, names } = settings;
  const dialect = DIALECTS[kind];
  const own = await columnsOf(source, table, 'accounts.groups.table', 'm');
  const ownColumn = (name: string, option: string) => columnNamed(own, name, table, `accounts.groups.${option}`);
  const account = idColumn(source, ownColumn(settings.account, 'account'), idForm, 'accounts.columns.id');
  const conditions = conditionsIn(source, settings.where, (name) => ownColumn(name, 'where'));
  const link = names === undefined ? null : await namesTable(source, names);
  const group = settings.group === undefined ? null : ownColumn(settings.group, 'group');
  const name = link === null ? ownColumn(settings.name ?? '', 'name') : link.name;
  if (link !== null) conditions.push(...link.conditions);

  const memberships = () => {
    const rows = sql(sql.raw(`${quotedTable(source, table)} as ${dialect.quoted('m')}`));
    if (link !== null && group !== null) {
      void rows.joinRaw(`join ${link.from} on ${link.id.sql} ${dialect.operator(link.id, '=')} ${group.sql}`);
    }
    for (const condition of conditions) void rows.whereRaw(condition);
    return rows.whereRaw(`${name.sql} is not null`);
  };
  const selected = (rows: Knex.QueryBuilder): Promise<{ account: string; name: string }[]> =>
    query(rows.select(sql.raw(`${account.text} as ??, ${dialect.text(name)} as ??`, ['account', 'name'])));

  await selected(memberships().limit(1)).catch(
    rejectedBy((reason) => `accounts.groups: the tables cannot be read: ${reason}.`),
  );

  return {
    async groupsOf(accountId) {
      const condition = account.byId(accountId);
      if (condition === null) return [];
      const rows = await selected(memberships().whereRaw(condition));
      // The collation of the column may ignore case, accents and trailing spaces.
      return checked(rows.filter((row) => row.account === accountId).map((row) => row.name)).valid;
    },
    async countNames() {
      const counted: { name: string; count: number | string }[] = await query(
        memberships()
          .select(sql.raw(`min(${dialect.text(name)}) as ??`, ['name']))
          .count({ count: '*' })
          .groupByRaw(dialect.exactly(name)),
      );
      return new Map(counted.map((row) => [row.name, Number(row.count)]));
    },
  };
}

/** The table with the names of the groups. */
async function namesTable(source: Source, names: NonNullable<AccountGroupsSettings['names']>) {
  const known = await columnsOf(source, names.table, 'accounts.groups.names.table', 'n');
  const column = (name: string, option: string) =>
    columnNamed(known, name, names.table, `accounts.groups.names.${option}`);
  return {
    from: `${quotedTable(source, names.table)} as ${DIALECTS[source.kind].quoted('n')}`,
    id: column(names.id, 'id'),
    name: column(names.name, 'name'),
    conditions: conditionsIn(source, names.where, (name) => column(name, 'where')),
  };
}

function conditionsIn(source: Source, where: AccountGroupsSettings['where'], columnOf: (name: string) => Column) {
  const { equals } = DIALECTS[source.kind];
  return Object.entries(where ?? {}).map(([name, value]) => equals(source, columnOf(name), value));
}
