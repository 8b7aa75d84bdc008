import type { CatalogTable } from '../../stores/catalog/catalog.ts';
import { namedColumns, plainName, USERS_TABLE, valueKind } from './columns.ts';

/** The part of `accounts` that says where groups are. */
export type ProposedGroups =
  | { readonly kind: 'column'; readonly column: string }
  | {
      readonly kind: 'table';
      readonly table: CatalogTable;
      readonly account: string;
      /** The column with the name; or the column with the id, and the table with the names. */
      readonly name:
        | string
        | { readonly group: string; readonly table: CatalogTable; readonly id: string; readonly name: string };
      /** The column with the class of the account, where accounts of several models share the table (spatie). */
      readonly model: string | null;
      /** Whether the table of names has `guard_name` (spatie). */
      readonly hasGuards: boolean;
    };

const GROUP_IDS: readonly string[] = ['roleid', 'groupid', 'usergroupid', 'authorityid'];
const GROUP_NAMES: readonly string[] = [
  ...['authority', 'authorityname', 'rolename', 'groupname', 'role', 'group', 'roles', 'groups', 'rolestargetid'],
];
const NAMES_TABLE = /(?:roles?|groups?|authorit(?:y|ies))$/;
const NAMES: readonly string[] = ['name', 'title', 'slug', 'rolename', 'groupname', 'code'];

/**
 * Where the groups of the accounts are: a table of memberships, or else a column of the users.
 *
 * @param id the column of the users that memberships refer to
 */
export function proposedGroups(
  users: CatalogTable,
  id: string,
  tables: readonly CatalogTable[],
): ProposedGroups | null {
  const near = tables.filter((table) => table.schema === users.schema && table !== users && table.isReadable);
  const found = near.flatMap((table) => membershipIn(table, users, id, near) ?? []);
  // A table of nothing but memberships comes before others that have such columns too, such as invitations.
  const [best] = found.sort((a, b) => a.table.columns.length - b.table.columns.length);
  if (best !== undefined) return best;
  const column = namedColumns(users).first(['roles', 'groups', 'role']);
  if (column !== null && valueKind(column) === 'text') return { kind: 'column', column: column.name };
  return groupOfUsers(users, id, near);
}

/** Where each user has the id of one group, the users are the memberships themselves. */
function groupOfUsers(users: CatalogTable, id: string, near: readonly CatalogTable[]): ProposedGroups | null {
  const group = namedColumns(users).first(GROUP_IDS);
  const names = group === null ? null : namesTable(users, plainName(group.name), near);
  if (group === null || names === null) return null;
  const { hasGuards, table, name } = names;
  const named = { group: group.name, table, id: names.id, name };
  return { kind: 'table', table: users, account: id, name: named, model: null, hasGuards };
}

function membershipIn(
  table: CatalogTable,
  users: CatalogTable,
  id: string,
  near: readonly CatalogTable[],
): Extract<ProposedGroups, { kind: 'table' }> | null {
  const columns = namedColumns(table);
  const account = columns.first(accountColumns(users, id));
  if (account === null || !/role|group|authorit/.test(plainName(table.name))) return null;
  if (isOfOthers(table, users, near)) return null;
  const model = columns.first(['modeltype']);
  const group = columns.first(GROUP_IDS);
  const own = { kind: 'table', table, account: account.name, model: model?.name ?? null } as const;
  const names = group === null ? null : namesTable(table, plainName(group.name), near);
  if (group !== null && names !== null) {
    const { id: key, name, hasGuards } = names;
    return { ...own, name: { group: group.name, table: names.table, id: key, name }, hasGuards };
  }
  const name = columns.first(GROUP_NAMES);
  if (name === null || name === account || valueKind(name) !== 'text') return null;
  return { ...own, name: name.name, hasGuards: false };
}

/** Whether the memberships are named after another table of users, as `auth_user_groups` is after `auth_user`. */
function isOfOthers(table: CatalogTable, users: CatalogTable, near: readonly CatalogTable[]): boolean {
  const isNamedAfter = (other: CatalogTable) => plainName(table.name).startsWith(singularOf(other));
  const others = near.filter(
    (other) => other !== table && USERS_TABLE.test(plainName(other.name)) && isNamedAfter(other),
  );
  const longest = Math.max(0, ...others.map((other) => singularOf(other).length));
  return longest > (isNamedAfter(users) ? singularOf(users).length : 0);
}

function singularOf({ name }: CatalogTable): string {
  return plainName(name).replace(/s$/, '');
}

/** How memberships call the account: by the table of the users, such as `customuser_id` of `shop_customuser`. */
function accountColumns(users: CatalogTable, id: string): string[] {
  const singular = singularOf(users);
  const last = plainName(users.name.split('_').at(-1) ?? '').replace(/s$/, '');
  const byName = [`${last}id`, `${singular}id`, 'userid', 'accountid', 'memberid', 'modelid', 'modeluuid', 'entityid'];
  return plainName(id) === 'id' ? byName : [...byName, plainName(id)];
}

/** The table with the names of the groups: of those whose name fits the column, the one that is named most alike. */
function namesTable(memberships: CatalogTable, group: string, near: readonly CatalogTable[]) {
  const stem = group.replace(/id$/, '');
  const own = plainName(memberships.name);
  const found = near.flatMap((table) => {
    const name = plainName(table.name);
    const columns = namedColumns(table);
    const key = columns.first(['id', group]);
    const named = columns.first(NAMES);
    if (table === memberships || !NAMES_TABLE.test(name) || key === null || named === null) return [];
    if (!name.replace(/s$/, '').endsWith(stem)) return [];
    return {
      table,
      id: key.name,
      name: named.name,
      hasGuards: columns.has('guardname'),
      likeness: likeness(own, name),
    };
  });
  return found.sort((a, b) => b.likeness - a.likeness)[0] ?? null;
}

/** The length of the beginning that both have. */
function likeness(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return length;
}
