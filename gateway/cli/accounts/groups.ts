import { ACCESS_NAME_FORM } from '../../domain/access-name.ts';
import { nearestOf } from '../../settings/rules/nearest.ts';
import type { GroupCounts } from '../../stores/accounts/group-names.ts';
import { alignedTable } from '../table.ts';

/** The groups of a table of accounts, beside those that the configuration names. */
export interface GroupsReview {
  readonly groups: readonly { readonly name: string; readonly accounts: number }[];
  /** Names that the gateway ignores, since no configuration can contain them. */
  readonly passed_over: readonly { readonly name: string; readonly accounts: number }[];
  /** Groups of the configuration in which no account is, each with the group that was probably meant. */
  readonly empty: readonly { readonly name: string; readonly nearest: string | null }[];
}

/** @param named the groups that the configuration names */
export function reviewGroups({ valid, passedOver }: GroupCounts, named: readonly string[]): GroupsReview {
  const found = [...valid.keys()];
  return {
    groups: listOf(valid),
    passed_over: listOf(passedOver),
    empty: named.filter((name) => !valid.has(name)).map((name) => ({ name, nearest: nearestOf(name, found) })),
  };
}

function listOf(counts: ReadonlyMap<string, number>) {
  return [...counts].map(([name, accounts]) => ({ name, accounts })).sort((a, b) => b.accounts - a.accounts);
}

/** Groups that are shown at most. */
const MOST_SHOWN = 100;

/** @returns one table, or none for accounts without groups */
export function groupsText({ groups, passed_over, empty }: GroupsReview): string[] {
  const rows = [
    ...groups.slice(0, MOST_SHOWN).map(({ name, accounts }) => [String(accounts), `in the group ${name}`]),
    ...passed_over
      .slice(0, MOST_SHOWN)
      .map(({ name, accounts }) => [
        String(accounts),
        `in the group ${JSON.stringify(name)}, which is passed over: a name has ${ACCESS_NAME_FORM}`,
      ]),
    ...empty.map(({ name, nearest }) => [
      '0',
      `in the group ${name} of the configuration${nearest === null ? '' : `; did you mean ${nearest}?`}`,
    ]),
  ];
  return rows.length === 0 ? [] : [alignedTable(rows)];
}
