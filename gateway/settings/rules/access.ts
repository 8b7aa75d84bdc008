import { suggestion } from './nearest.ts';
import type { Conflict, Path, Readable, ReadableRoute } from './readable.ts';

/** All conflicts of scopes, groups, and what routes require. */
export function conflictsOfAccess(settings: Readable): Conflict[] {
  const named = groupsNamed(settings);
  return [
    ...(settings.routes ?? []).flatMap((route, index) =>
      route === undefined
        ? []
        : [
            ...requiresSomething(route, index),
            ...requiresOfSomebody(route, index),
            ...knownScopes(route, index, settings.scopes),
          ],
    ),
    ...groupsInOneSpelling(named),
    ...groupsOfSomebody(named, settings.accounts),
    ...groupsOfAccounts(settings.accounts),
  ];
}

function requiresSomething({ requires }: ReadableRoute, index: number): Conflict[] {
  if (requires === undefined || requires.scopes !== undefined || requires.groups !== undefined) return [];
  const message = 'is empty; must have scopes or groups, or be left out';
  return [{ path: ['routes', index, 'requires'], message }];
}

function requiresOfSomebody({ auth, requires }: ReadableRoute, index: number): Conflict[] {
  if (auth !== 'none' || requires === undefined) return [];
  const message = 'cannot be checked with auth: none; must be left out, or auth must be required';
  return [{ path: ['routes', index, 'requires'], message }];
}

function knownScopes({ requires }: ReadableRoute, index: number, scopes: Readable['scopes'] = {}): Conflict[] {
  return (requires?.scopes ?? []).flatMap((name, at): Conflict[] => {
    if (Object.hasOwn(scopes, name)) return [];
    const message = `${JSON.stringify(name)} is no scope in scopes; ${suggestion(name, Object.keys(scopes), 'the scopes')}`;
    return [{ path: ['routes', index, 'requires', 'scopes', at], message }];
  });
}

/** A group that a scope or a route names. */
interface NamedGroup {
  readonly name: string;
  readonly path: Path;
  /** What nobody can do if nobody is in the group. */
  readonly use: string;
}

function groupsNamed({ scopes = {}, routes = [] }: Readable): NamedGroup[] {
  const named = (names: readonly string[] | undefined, path: Path, use: string) =>
    (names ?? []).map((name, at): NamedGroup => ({ name, path: [...path, at], use }));
  return [
    ...Object.entries(scopes).flatMap(([scope, options]) =>
      named(options?.groups, ['scopes', scope, 'groups'], 'have this scope'),
    ),
    ...routes.flatMap((route, index) =>
      named(route?.requires?.groups, ['routes', index, 'requires', 'groups'], 'pass by this group'),
    ),
  ];
}

/** Names of groups are compared exactly. */
function groupsInOneSpelling(named: readonly NamedGroup[]): Conflict[] {
  return named.flatMap(({ name, path }, index): Conflict[] => {
    const other = named.slice(0, index).find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (other === undefined || other.name === name) return [];
    const message = `${JSON.stringify(name)} differs only by case from ${JSON.stringify(other.name)} above; must be written the same way`;
    return [{ path, message }];
  });
}

/** Accounts in an application's table are in groups only if the configuration says where these are. */
function groupsOfSomebody(named: readonly NamedGroup[], accounts: Readable['accounts']): Conflict[] {
  if (accounts?.table === undefined || 'groups' in accounts) return [];
  if ('columns' in accounts && (accounts.columns === undefined || accounts.columns.groups !== undefined)) return [];
  return named.map(({ path, use }) => ({
    path,
    message: `nobody can ${use}, since no account is in any group; needs accounts.columns.groups or accounts.groups, or must be left out`,
  }));
}

function groupsOfAccounts(accounts: Readable['accounts']): Conflict[] {
  const { groups, columns } = accounts ?? {};
  if (groups === undefined) return [];
  if (columns?.groups !== undefined) {
    return [
      { path: ['accounts', 'groups'], message: 'excludes accounts.columns.groups; one of the two must be left out' },
    ];
  }
  const isPlain = groups.name !== undefined && groups.group === undefined && groups.names === undefined;
  const isJoined = groups.name === undefined && groups.group !== undefined && groups.names !== undefined;
  if (isPlain || isJoined) return [];
  const message =
    'must have either name, the column with the name of the group, or both group and names, the column with its id and the table of names';
  return [{ path: ['accounts', 'groups'], message }];
}
