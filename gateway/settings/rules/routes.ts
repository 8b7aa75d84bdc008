import { GROUP_NAME, UPSTREAM_FORM } from '../schema/addresses.ts';
import type { RouteSettings } from '../schema/settings.ts';
import { conflictsOfPaths } from './paths.ts';
import type { Conflict, Readable, ReadableRoute } from './readable.ts';

/** All conflicts of a route's options with each other, with other routes, and with the rest of the settings. */
export function conflictsInRoutes(settings: Readable): Conflict[] {
  return [
    ...(settings.routes ?? []).flatMap((route, index) =>
      route === undefined
        ? []
        : [
            ...noOpeningOfThePrefix(route, index, settings.api?.prefix),
            ...noRouteOverTheTokenEndpoint(route, index, settings.api?.prefix),
            ...strippedFromThePath(route, index),
            ...noRouteOverThePages(route, index, settings.pages),
            ...upstreamOrDecisions(route, index, settings),
            ...knownGroup(route, index, settings.upstreams),
            ...noCookiesForEverybody(route, index),
            ...noFieldsOfOtherOptions(route, index, settings.listen),
            ...noCredentialsForNobody(route, index),
            ...webSocketTokenFromOrigins(route, index),
          ],
    ),
    ...uniqueNames(settings.routes ?? []),
    ...conflictsOfPaths(settings.routes ?? []),
  ];
}

/** Whether a path is the prefix or lies below it. Ignores case: some upstreams do, and some do not. */
export function isWithin(path: string, prefix: string): boolean {
  return `${path}/`.toLowerCase().startsWith(`${prefix}/`.toLowerCase());
}

/** The path, with a missing leading `/` added. That mistake is reported elsewhere; this finds further problems of the path. */
function pathAsMeant({ path, refusedPath }: ReadableRoute): string | undefined {
  return path ?? refusedPath?.replace(/^(?!\/)/, '/');
}

function noOpeningOfThePrefix(route: ReadableRoute, index: number, prefix?: string): Conflict[] {
  const path = pathAsMeant(route);
  if (route.auth !== 'none' || path === undefined || prefix === undefined || !isWithin(path, prefix)) return [];
  const message = `is none for a path within api.prefix (${prefix}), which is always authenticated; must be required, or use another path`;
  return [{ path: ['routes', index, 'auth'], message }];
}

function noRouteOverTheTokenEndpoint({ path }: Partial<RouteSettings>, index: number, prefix?: string): Conflict[] {
  if (path === undefined || prefix === undefined || !isWithin(path, `${prefix}/tokens`)) return [];
  const message = `is within ${prefix}/tokens, which the gateway answers itself; must be another path`;
  return [{ path: ['routes', index, 'path'], message }];
}

function noRouteOverThePages({ path }: Partial<RouteSettings>, index: number, pages: Readable['pages']): Conflict[] {
  if (path === undefined || !pages?.enabled || pages.path === undefined || !isWithin(path, pages.path)) return [];
  const message = `is within pages.path (${pages.path}), where the gateway serves the account pages; must be another path, unless you change pages.path or set pages.enabled: false`;
  return [{ path: ['routes', index, 'path'], message }];
}

function strippedFromThePath(route: ReadableRoute, index: number): Conflict[] {
  const path = pathAsMeant(route);
  const { stripPrefix } = route;
  if (path === undefined || stripPrefix === undefined || `${path}/`.startsWith(`${stripPrefix}/`)) return [];
  // An invalid path is not repeated: it may be a misplaced secret.
  const named = route.path === undefined ? 'path' : `path ${path}`;
  const message = `is not a prefix of this route's ${named}; must be all of it, or its first segments`;
  return [{ path: ['routes', index, 'stripPrefix'], message }];
}

function upstreamOrDecisions(route: ReadableRoute, index: number, settings: Readable): Conflict[] {
  if ('upstream' in route) return [];
  if ('decisions' in settings) return withoutEffect(route, index);
  return [{ path: ['routes', index, 'upstream'], message: UPSTREAM_FORM }];
}

/** The options about forwarding, which a route without `upstream` may not have. */
const OF_FORWARDING = [
  'stripPrefix',
  'preserveHost',
  'maxBody',
  'requireLength',
  'timeouts',
  'headers',
  'proxy',
] as const;

function withoutEffect(route: ReadableRoute, index: number): Conflict[] {
  return OF_FORWARDING.filter((option) => isSet(route[option])).map((option) => ({
    path: ['routes', index, option],
    message: 'has no effect without upstream, since the gateway only decides; must be left out, or upstream be set',
  }));
}

/** Whether an option has another value than when it is left out. */
function isSet(value: ReadableRoute[keyof ReadableRoute]): boolean {
  return typeof value === 'object' ? Object.keys(value).length > 0 : value !== undefined && value !== false;
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
  const message =
    'is true while origins has "*"; must be false, or origins must list the origins that may send cookies';
  return [{ path: ['routes', index, 'cors', 'credentials'], message }];
}

/** `headers` of a route may not contain fields that `cors`, `limits` or `listen.hsts` writes. */
function noFieldsOfOtherOptions(route: Partial<RouteSettings>, index: number, listen: Readable['listen']): Conflict[] {
  const { set = {}, remove = [] } = route.headers?.response ?? {};
  const path = ['routes', index, 'headers', 'response'];
  const fields: [name: string, path: Conflict['path']][] = [
    ...Object.keys(set).map((name): [string, Conflict['path']] => [name, [...path, 'set', name]]),
    ...remove.map((name, at): [string, Conflict['path']] => [name, [...path, 'remove', at]]),
  ];
  return fields.flatMap(([name, at]): Conflict[] => {
    const other = writerOf(name.toLowerCase(), route, listen);
    return other === null ? [] : [{ path: at, message: `is written by ${other}; one of the two must be left out` }];
  });
}

/** @returns the option that writes a field of answers, or null */
function writerOf(name: string, { cors, limits = [] }: Partial<RouteSettings>, listen: Readable['listen']) {
  if (cors !== undefined && name.startsWith('access-control-')) return "this route's cors";
  if (limits.length > 0 && /^ratelimit(?:-policy)?$/.test(name)) return "this route's limits";
  return listen?.hsts !== undefined && name === 'strict-transport-security' ? 'listen.hsts' : null;
}

function noCredentialsForNobody({ auth, credentials }: Partial<RouteSettings>, index: number): Conflict[] {
  if (auth !== 'none' || credentials === undefined) return [];
  const message = 'has no effect with auth: none; must be left out, or auth must be required';
  return [{ path: ['routes', index, 'credentials'], message }];
}

/** A token among the protocols of a WebSocket is for scripts in browsers, whose origins must be known. */
function webSocketTokenFromOrigins(route: ReadableRoute, index: number): Conflict[] {
  const { websocketToken, auth, credentials, cors, methods } = route;
  if (!websocketToken) return [];
  const because = (message: string): Conflict[] => [{ path: ['routes', index, 'websocketToken'], message }];
  if (auth === 'none') return because('has no effect with auth: none; must be left out, or auth must be required');
  if (credentials !== undefined && !credentials.includes('bearer')) {
    return because('needs bearer in credentials; must be false, or credentials must have bearer');
  }
  if (methods !== undefined && methods.length > 0 && !methods.includes('GET')) {
    return because('needs the method GET, which begins a WebSocket; must be false, or methods must have GET');
  }
  if (cors === undefined) {
    const isRefused = 'cors' in route;
    return isRefused
      ? []
      : because('needs cors.origins, the origins whose pages may send a token; must be false without');
  }
  if (!cors.origins.includes('*')) return [];
  return because('needs named origins, and cors.origins has "*"; must be false, or cors.origins must name the origins');
}

/** Route names that logs and metrics use for requests without a route. */
const RESERVED = new Set(['tokens', 'pages', 'key-set', 'none']);

function uniqueNames(routes: NonNullable<Readable['routes']>): Conflict[] {
  return routes.flatMap((route, index): Conflict[] => {
    if (route?.name !== undefined && RESERVED.has(route.name)) {
      const message = `is ${JSON.stringify(route.name)}, which is reserved in logs and metrics; must be another name`;
      return [{ path: ['routes', index, 'name'], message }];
    }
    const first = route?.name === undefined ? index : routes.findIndex((other) => other?.name === route.name);
    if (first === index) return [];
    return [{ path: ['routes', index, 'name'], message: `is the name of routes[${first}] too; must be unique` }];
  });
}
