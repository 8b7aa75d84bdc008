import { OperatorError } from '../../domain/errors.ts';
import { routesAt } from '../../routing/plan.ts';
import { compileRoutes, isBelow, methodsOf, ownPaths } from '../../routing/table.ts';
import type { SettingsWithoutSecrets } from '../../settings/read/load.ts';
import type { DecisionSettings } from '../../settings/schema/decision-options.ts';
import { type ListenerName, listenAddress, type WrittenAddress } from '../../settings/schema/listener-options.ts';
import type { RouteSettings } from '../../settings/schema/settings.ts';
import { type Address, type Service, serviceOf } from './service.ts';

/** What the configurations of all proxies are written from. */
export interface RecipePlan {
  /** `HOST:PORT` or `:PORT` where the proxy listens. */
  readonly listen: string;
  readonly decisions: Address;
  /** Whole seconds for which nginx may keep a yes; 0: not at all. */
  readonly cache: number;
  /** The public listener, which answers the token endpoints, the pages, and whatever is no route. */
  readonly gateway: Address;
  /** Whether the public listener believes what the proxy says of its clients. */
  readonly isTrusted: boolean;
  /** From the most particular host to all hosts, so that the first that matches is the one of the request. */
  readonly sites: readonly RecipeSite[];
}

/** What there is on a host. */
export interface RecipeSite {
  /** A host, or `*.` and a domain; null: every other host. */
  readonly host: string | null;
  /** From the longest path to the shortest, so that the first that matches is the one of the request. */
  readonly places: readonly RecipePlace[];
}

/** A path and everything below it, down to the next place. */
export interface RecipePlace {
  /** Unique among the places of all sites; letters, digits and `_`. */
  readonly id: string;
  readonly path: string;
  /** Told apart by method. Empty: the public listener answers. */
  readonly routes: readonly RecipeRoute[];
}

export interface RecipeRoute {
  readonly name: string;
  /** The methods for which the proxy asks by the name of the route. */
  readonly methods: readonly string[];
  /** Whether it lists its methods: then no field may tell its service of another one. */
  readonly methodIsFixed: boolean;
  /** Whether other methods, for which the proxy asks by path, can pass on it. */
  readonly takesOthers: boolean;
  readonly service: Service;
  /** Removed from the beginning of the path; empty: nothing. */
  readonly stripPrefix: string;
  readonly preserveHost: boolean;
  readonly passAuthorization: boolean;
  readonly takesApiKey: boolean;
  /** Bytes of the largest request body; null: no limit. */
  readonly maxBody: number | null;
  /** Seconds without an answer after which the service counts as too slow. */
  readonly timeout: number;
  /** Whether the public listener answers its CORS preflights. */
  readonly hasCors: boolean;
  /** Options of the route that only the gateway itself can apply. */
  readonly left: readonly string[];
}

/** Begins a plain target. */
export const PLAIN_PATH = '^/[a-z0-9._~/-]*';
/**
 * A plain target, which every server reads alike, matches `PLAIN_TARGET` and not `DOTS_OR_SLASHES`. For a plain target a proxy asks
 * by the name of the route, for any other by path: then the rules of the gateway decide, which refuse whatever two
 * programs could read as different paths. Without look-ahead and repeated groups: RE2 takes these too, and a long target
 * overflows no stack.
 */
export const PLAIN_TARGET = `${PLAIN_PATH}([?][!$-~]*)?$`;
export const DOTS_OR_SLASHES = '^[^?]*/[./]';

/**
 * @param listen `HOST:PORT` or `:PORT` where the proxy listens
 * @throws OperatorError where the proxy could not reach the gateway
 */
export function recipePlan(settings: SettingsWithoutSecrets, decisions: DecisionSettings, listen: string): RecipePlan {
  if (settings.listen.proxyProtocol) {
    throw new OperatorError(
      'listen.proxyProtocol is true, but the proxy of a recipe sends no PROXY header to the public listener: its requests would be refused. Set listen.proxyProtocol to false.',
    );
  }
  if (settings.listen.tls !== undefined) {
    throw new OperatorError(
      'listen.tls is set, but the proxy of a recipe reaches the public listener without TLS: it terminates TLS itself. Leave out listen.tls.',
    );
  }
  return {
    listen,
    decisions: reachable('decisions', decisions),
    cache: Math.floor(decisions.cache / 1000),
    gateway: reachable('listen', settings.listen),
    isTrusted: settings.trustedProxies.length > 0,
    sites: sitesOf(settings),
  };
}

/** The address by which a program of the same machine reaches a listener. */
function reachable(name: ListenerName, section: WrittenAddress): Address {
  const listener = listenAddress(name, section);
  if ('path' in listener) return { kind: 'socket', path: listener.path };
  if ('fd' in listener) {
    throw new OperatorError(
      `${name}.fd does not say where the proxy reaches the gateway. For the recipe, set ${name}.host and ${name}.port, or ${name}.socket, to what the socket unit has.`,
    );
  }
  const { host, port } = listener;
  return { kind: 'port', host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, port };
}

/** Asks the table of routes itself what there is at each path on each host. */
function sitesOf(settings: SettingsWithoutSecrets): RecipeSite[] {
  const { routes, api } = settings;
  const { pages, keySet } = ownPaths(settings);
  const table = compileRoutes(routes, api.prefix, { pages, keySet });
  const own = [`${api.prefix}/tokens`, pages ?? '/', keySet ?? '/', api.prefix, '/'];
  const paths = [...new Set([...routes.map(({ path }) => path), ...own])].sort(byLength);
  const named = [...new Set(routes.flatMap(({ host }) => host ?? []))];
  const hosts = [...named.filter((host) => !isPattern(host)), ...named.filter(isPattern).sort(byLength), null];
  return hosts.map((host, site) => {
    const sample = host?.replace(/^\*/, 'some-host');
    const places = paths.map((path, index) => ({
      id: `${site + 1}_${index + 1}`,
      path,
      routes: routesOf(routesAt(table.locateAsSent(path, sample)), settings),
    }));
    return { host, places: places.filter((place, index) => !changesNothing(place, places.slice(index + 1))) };
  });
}

/** Whether a place has the same routes as the one that it lies in: a path of another host, for example. */
function changesNothing({ path, routes }: RecipePlace, shorter: readonly RecipePlace[]): boolean {
  const around = shorter.find((other) => other.path === '/' || isBelow(path, other.path));
  return around !== undefined && namesOf(around.routes) === namesOf(routes);
}

function namesOf(routes: readonly RecipeRoute[]): string {
  return routes.map(({ name }) => name).join(' ');
}

function byLength(a: string, b: string): number {
  return b.length - a.length;
}

function isPattern(host: string): boolean {
  return host.startsWith('*.');
}

/** Every place of every host. */
export function placesOf({ sites }: RecipePlan): RecipePlace[] {
  return sites.flatMap(({ places }) => places);
}

/** Every route once. */
export function routesOfAll(plan: RecipePlan): RecipeRoute[] {
  const routes = placesOf(plan).flatMap((place) => place.routes);
  return routes.filter(({ name }, index) => routes.findIndex((other) => other.name === name) === index);
}

/** The route whose service takes what no route lists: other methods. */
export function usualRoute({ routes }: RecipePlace): RecipeRoute | undefined {
  return routes.find(({ takesOthers }) => takesOthers) ?? routes[0];
}

function routesOf(routes: readonly RouteSettings[], settings: SettingsWithoutSecrets): RecipeRoute[] {
  const taken = new Set<string>();
  let othersTaken = false;
  return routes.flatMap((route) => {
    const methods = methodsOf([route]).filter((method) => !taken.has(method));
    for (const method of methods) taken.add(method);
    const takesOthers = route.methods === undefined && !othersTaken;
    othersTaken ||= takesOthers;
    return methods.length === 0 ? [] : [recipeRoute(route, methods, takesOthers, settings)];
  });
}

function recipeRoute(
  route: RouteSettings,
  methods: readonly string[],
  takesOthers: boolean,
  settings: SettingsWithoutSecrets,
): RecipeRoute {
  const { name, stripPrefix = '', preserveHost, passAuthorization, credentials, maxBody = null, timeouts } = route;
  const hasCors = route.cors !== undefined;
  const left = (['headers', 'proxy', 'requireLength'] as const).filter((option) => route[option]);
  return {
    ...{ name, methods, takesOthers, stripPrefix, preserveHost, passAuthorization, maxBody, hasCors },
    left: hasCors ? ['cors, but for preflights', ...left] : left,
    methodIsFixed: route.methods !== undefined,
    service: serviceOf(route, settings),
    takesApiKey: credentials?.includes('api-key') ?? false,
    timeout: Math.ceil((timeouts.firstByte ?? settings.timeouts.firstByte) / 1000),
  };
}

/** Escapes a path for a regular expression. */
export function literally(path: string): string {
  return path.replace(/[.+*?()[\]{}|^$\\]/g, String.raw`\$&`);
}
