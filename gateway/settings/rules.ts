import { GROUP_NAME, UPSTREAM_FORM } from './addresses.ts';
import type { Path } from './problem.ts';
import type { Readable } from './readable.ts';
import type { RouteSettings, UpstreamSettings } from './schema.ts';

/** An option that does not go together with another. */
export interface Conflict {
  readonly path: Path;
  readonly message: string;
}

/** Every conflict between options that are each right by themselves. */
export function conflictsIn(settings: Readable): Conflict[] {
  return [
    ...sameAddress(settings),
    ...sharedSecretForMysql(settings),
    ...lifetimeWithinMaximum(settings),
    ...adoptedTableIsWhole(settings),
    ...delayWithinTimeout(settings),
    ...pagesApart(settings),
    ...registrationWithMail(settings),
    ...linksWithUrl(settings),
    ...Object.entries(settings.upstreams ?? {}).flatMap(([name, group]) => [
      ...groupName(name),
      ...keyWithCertificate(name, group),
    ]),
    ...(settings.routes ?? []).flatMap((route, index) =>
      route === undefined
        ? []
        : [
            ...noOpeningOfThePrefix(route, index, settings.api?.prefix),
            ...noRouteOverTheTokenEndpoint(route, index, settings.api?.prefix),
            ...strippedFromThePath(route, index),
            ...noRouteOverThePages(route, index, settings.pages),
            ...knownGroup(route, index, settings.upstreams),
            ...noCookiesForEverybody(route, index),
          ],
    ),
    ...uniqueNames(settings.routes ?? []),
    ...distinctPaths(settings.routes ?? []),
  ];
}

const ANY_HOST = new Set(['0.0.0.0', '::']);

function sameAddress({ listen, ops }: Readable): Conflict[] {
  if (listen?.host === undefined || ops?.host === undefined || !listen.port || listen.port !== ops.port) return [];
  if (listen.host !== ops.host && !ANY_HOST.has(listen.host) && !ANY_HOST.has(ops.host)) return [];
  return [
    {
      path: ['ops', 'port'],
      message: `${ops.port} is listen.port too, on the same host; must be another port, or 0 for any`,
    },
  ];
}

function sharedSecretForMysql({ database, tokens }: Readable): Conflict[] {
  if (database?.url?.kind !== 'mysql' || tokens?.secrets?.length !== 0) return [];
  const message = `is empty; MySQL needs a secret of 32 bytes or more that every gateway at the database shares, such as ["\${TOKEN_SECRET}"]`;
  return [{ path: ['tokens', 'secrets'], message }];
}

function lifetimeWithinMaximum({ tokens }: Readable): Conflict[] {
  if (tokens?.lifetime === undefined || tokens.maxLifetime === undefined) return [];
  if (tokens.lifetime <= tokens.maxLifetime) return [];
  return [{ path: ['tokens', 'lifetime'], message: 'is longer than tokens.maxLifetime; must be at most as long' }];
}

/** `columns` that are absent because one of them is wrong are a problem already. */
function adoptedTableIsWhole({ accounts }: Readable): Conflict[] {
  if (accounts === undefined) return [];
  const { table, columns, confirmedWhen } = accounts;
  if (table === undefined) {
    if ('table' in accounts) return [];
    const message = 'is only for a table of an application; must be left out, or accounts.table name that table';
    return (['columns', 'confirmedWhen', 'readOnly'] as const)
      .filter((option) => accounts[option] !== undefined)
      .map((option) => ({ path: ['accounts', option], message }));
  }
  const refused = ['columns', 'confirmedWhen'].some((option) => option in accounts && !accounts[option as 'columns']);
  if (refused) return [];
  if (columns?.confirmed !== undefined && confirmedWhen !== undefined) {
    const message = 'says the same as accounts.columns.confirmed; must be left out, or that column';
    return [{ path: ['accounts', 'confirmedWhen'], message }];
  }
  if (columns?.confirmed !== undefined || confirmedWhen !== undefined) return [];
  const message =
    'needs accounts.columns.confirmed, a column, or accounts.confirmedWhen, an SQL expression, to tell who is confirmed; ' +
    'where everybody is, confirmedWhen: "1 = 1"';
  return [{ path: ['accounts', 'table'], message }];
}

/** Whether a path is the prefix or lies below it. Without regard to case, in which upstreams differ. */
function isWithin(path: string, prefix: string): boolean {
  return `${path}/`.toLowerCase().startsWith(`${prefix}/`.toLowerCase());
}

function noOpeningOfThePrefix({ path, auth }: Partial<RouteSettings>, index: number, prefix?: string): Conflict[] {
  if (auth !== 'none' || path === undefined || prefix === undefined || !isWithin(path, prefix)) return [];
  const message = `is none for a path within api.prefix (${prefix}), which is always authenticated; must be required, or the path another`;
  return [{ path: ['routes', index, 'auth'], message }];
}

function noRouteOverTheTokenEndpoint({ path }: Partial<RouteSettings>, index: number, prefix?: string): Conflict[] {
  if (path === undefined || prefix === undefined || !isWithin(path, `${prefix}/tokens`)) return [];
  const message = `is within ${prefix}/tokens, which the gateway answers itself; must be another path`;
  return [{ path: ['routes', index, 'path'], message }];
}

function noRouteOverThePages({ path }: Partial<RouteSettings>, index: number, pages: Readable['pages']): Conflict[] {
  if (path === undefined || !pages?.enabled || pages.path === undefined || !isWithin(path, pages.path)) return [];
  const message = `is within pages.path (${pages.path}), where the gateway has the pages of account owners; must be another path, or pages.path another, or pages.enabled false`;
  return [{ path: ['routes', index, 'path'], message }];
}

function pagesApart({ pages, api }: Readable): Conflict[] {
  if (!pages?.enabled || pages.path === undefined || api?.prefix === undefined) return [];
  if (!isWithin(pages.path, api.prefix) && !isWithin(api.prefix, pages.path)) return [];
  const message = `and api.prefix (${api.prefix}) lie one within the other; must be apart`;
  return [{ path: ['pages', 'path'], message }];
}

function registrationWithMail({ accounts, pages, mail }: Readable): Conflict[] {
  if (accounts?.registration !== 'open') return [];
  const because = (what: string): Conflict[] => [
    { path: ['accounts', 'registration'], message: `is open, ${what}; must be closed` },
  ];
  if (accounts.table !== undefined) return because("but the table is an application's, which alone adds to it");
  if (pages?.enabled === false) return because('but pages.enabled is false');
  return mail?.url === null ? because('but mail.url is empty, and nobody could confirm an account') : [];
}

function linksWithUrl({ pages, mail }: Readable): Conflict[] {
  if (mail?.url?.kind !== 'smtp' || !pages?.enabled || pages.url !== undefined || 'url' in pages) return [];
  const message =
    'is missing; mails need it for their links: must be where browsers reach the gateway, such as https://api.example.com';
  return [{ path: ['pages', 'url'], message }];
}

function strippedFromThePath({ path, stripPrefix }: Partial<RouteSettings>, index: number): Conflict[] {
  if (path === undefined || stripPrefix === undefined || `${path}/`.startsWith(`${stripPrefix}/`)) return [];
  const message = `is not the beginning of this route's path ${path}; must be all of it, or its first segments`;
  return [{ path: ['routes', index, 'stripPrefix'], message }];
}

function knownGroup(
  { upstream }: Partial<RouteSettings>,
  index: number,
  groups: Readable['upstreams'] = {},
): Conflict[] {
  const names = (upstream ?? []).filter((text) => GROUP_NAME.test(text));
  if (names.length > 0 && upstream?.length !== 1) {
    const message = `names the group ${names[0]} in a list; must be the group alone, or URLs alone`;
    return [{ path: ['routes', index, 'upstream'], message }];
  }
  return names
    .filter((name) => !Object.hasOwn(groups, name))
    .map((name) => {
      const known = Object.keys(groups);
      const allowed = known.length === 0 ? 'there is none' : `the groups are ${known.join(', ')}`;
      const message = `names no group in upstreams (${allowed}); ${UPSTREAM_FORM}; found ${JSON.stringify(name)}`;
      return { path: ['routes', index, 'upstream'], message };
    });
}

function noCookiesForEverybody({ cors }: Partial<RouteSettings>, index: number): Conflict[] {
  if (!cors?.credentials || !cors.origins.includes('*')) return [];
  const message = 'is true while origins has "*"; must be false, or origins a list of those who may send cookies';
  return [{ path: ['routes', index, 'cors', 'credentials'], message }];
}

function groupName(name: string): Conflict[] {
  if (GROUP_NAME.test(name)) return [];
  const message = 'is no name for a group; must be lower-case letters, digits, "_" and "-", such as billing';
  return [{ path: ['upstreams', name], message }];
}

function keyWithCertificate(name: string, group: Partial<UpstreamSettings> | undefined): Conflict[] {
  const { certificate, key } = group?.tls ?? {};
  if ((certificate === undefined) === (key === undefined)) return [];
  const [given, missing] = certificate === undefined ? ['key', 'certificate'] : ['certificate', 'key'];
  const message = `comes without tls.${missing}; must be left out, or both be there`;
  return [{ path: ['upstreams', name, 'tls', given as string], message }];
}

function delayWithinTimeout({ shutdown }: Readable): Conflict[] {
  if (shutdown?.delay === undefined || shutdown.timeout === undefined || shutdown.delay < shutdown.timeout) return [];
  return [
    { path: ['shutdown', 'delay'], message: 'is not shorter than shutdown.timeout, which includes it; must be less' },
  ];
}

/** What logs and metrics call what is no route. */
const RESERVED = new Set(['tokens', 'pages', 'none']);

function uniqueNames(routes: NonNullable<Readable['routes']>): Conflict[] {
  return routes.flatMap((route, index): Conflict[] => {
    if (route?.name !== undefined && RESERVED.has(route.name)) {
      const message = `is ${JSON.stringify(route.name)}, which logs and metrics call something else; must be another name`;
      return [{ path: ['routes', index, 'name'], message }];
    }
    const first = route?.name === undefined ? index : routes.findIndex((other) => other?.name === route.name);
    if (first === index) return [];
    return [{ path: ['routes', index, 'name'], message: `is the name of routes[${first}] too; must be unique` }];
  });
}

/** Routes may share a path, written alike, when no method could go to either of them. */
function distinctPaths(routes: NonNullable<Readable['routes']>): Conflict[] {
  const earlier = new Map<string, { readonly index: number; readonly path: string; readonly methods: Methods }[]>();
  return routes.flatMap((route, index): Conflict[] => {
    const path = route?.path;
    if (path === undefined) return [];
    const sharing = earlier.get(path.toLowerCase()) ?? [];
    earlier.set(path.toLowerCase(), [...sharing, { index, path, methods: route?.methods }]);
    const otherwise = sharing.find((other) => other.path !== path);
    if (otherwise !== undefined) {
      const message = `differs only by case from the path of routes[${otherwise.index}], ${otherwise.path}; write it the same way, or use another path`;
      return [{ path: ['routes', index, 'path'], message }];
    }
    for (const other of sharing) {
      const both = overlap(route?.methods, other.methods);
      if (both === null) continue;
      const message = `is the path of routes[${other.index}] too, and both take ${both}; must be another path, or other methods`;
      return [{ path: ['routes', index, 'path'], message }];
    }
    return [];
  });
}

type Methods = readonly string[] | undefined;

/** @returns the methods that go to both, or null when there are none */
function overlap(a: Methods, b: Methods): string | null {
  if (a === undefined && b === undefined) return 'every method';
  const both = a === undefined || b === undefined ? new Set(a ?? b) : withHead(a).intersection(withHead(b));
  return both.size === 0 ? null : [...both].join(', ');
}

function withHead(methods: readonly string[]): Set<string> {
  return new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods);
}
