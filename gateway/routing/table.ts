import { GatewayError } from '../domain/errors.ts';
import type { Target } from '../http/target.ts';
import { KEY_SET_PATH } from '../settings/schema/assertion-options.ts';
import type { RouteSettings, Settings } from '../settings/schema/settings.ts';
import { fallbackOf, hostLookup } from './hosts.ts';

/** The settings that decide which route takes a request. */
export type RouteRules = Pick<RouteSettings, 'name' | 'host' | 'path' | 'methods' | 'auth' | 'allowEncodedSlashes'>;

/** The routes of one path on one host, told apart by method. */
export interface RoutePlace<R> {
  readonly kind: 'routes';
  readonly path: string;
  readonly routes: readonly R[];
  /** The routes that need an identity. */
  readonly guarded: readonly R[];
}

export type Place<R> =
  | RoutePlace<R>
  | { readonly kind: 'tokens' }
  /** The pages of account owners. */
  | { readonly kind: 'pages' }
  /** The published keys of assertions: one path, and nothing below it. */
  | { readonly kind: 'key-set' }
  | { readonly kind: 'nothing' }
  /** The upstream could read the target as a path of another place (path confusion). */
  | { readonly kind: 'ambiguous' };

/** The place of a request, and whether it lies below the prefix, which always needs authentication. */
export interface Located<R> {
  readonly place: Place<R>;
  readonly belowPrefix: boolean;
}

export interface RouteTable<R> {
  /**
   * Finds the place with the most particular host, and among these the one with the longest path that is a prefix of the
   * target's on a segment boundary. Hosts are compared as `comparableHost` has them. An exact host comes before patterns, a
   * longer pattern before a shorter one, and routes without `host` last.
   *
   * An upstream that folds case, decodes or merges slashes would take `/API/v1`, `/%61pi/v1` or `/api//v1` for
   * `/api/v1`. If any such reading has another place than the path as sent, or lies on the other side of the prefix, the
   * place is ambiguous.
   */
  locate(target: Target): Located<R>;
  /**
   * Finds the place by the path as sent, without the check for ambiguity: never for forwarding.
   *
   * @param host that the client named
   */
  locateAsSent(path: string, host: string | undefined): Located<R>;
}

const TOKENS = { kind: 'tokens' } as const;
const PAGES = { kind: 'pages' } as const;
const KEY_SET = { kind: 'key-set' } as const;
const NOTHING = { kind: 'nothing' } as const;
const AMBIGUOUS = { kind: 'ambiguous' } as const;

/** The places of a host by their paths, those of less particular hosts included. */
interface HostPlaces<R> {
  readonly asWritten: ReadonlyMap<string, Place<R>>;
  /** The same by the paths in lower case. */
  readonly canonical: ReadonlyMap<string, Place<R>>;
  /** Segments of the longest path. */
  readonly depth: number;
}

/**
 * Compiles the routes. A lookup costs one map access per segment, however many routes there are, and one for the host if any
 * route has `host`.
 *
 * The token endpoints, the pages and the keys of assertions are on every host.
 *
 * @param paths where the gateway itself answers outside the prefix
 */
export function compileRoutes<R extends RouteRules>(
  routes: readonly R[],
  prefix: string,
  paths: OwnPaths,
): RouteTable<R> {
  const own = new Map<string, Place<R>>([[`${prefix}/tokens`, TOKENS]]);
  if (paths.pages !== null) own.set(paths.pages, PAGES);
  if (paths.keySet !== null) own.set(paths.keySet, KEY_SET);

  const compiled = new Map<string, HostPlaces<R>>();
  const placesOf = (pattern: string): HostPlaces<R> => {
    const before = compiled.get(pattern);
    if (before !== undefined) return before;
    const fallback = fallbackOf(pattern, patterns);
    const less = fallback === null ? everywhere : placesOf(fallback);
    const written = routes.filter(({ host }) => host?.includes(pattern));
    const places = hostPlaces(withFallback(placesByPath(written), less.asWritten, prefix), own);
    compiled.set(pattern, places);
    return places;
  };
  const patterns = new Set(routes.flatMap(({ host }) => host ?? []));
  const everywhere = hostPlaces(placesByPath(routes.filter(({ host }) => host === undefined)), own);
  const placesFor = hostLookup(new Map([...patterns].map((pattern) => [pattern, placesOf(pattern)])), everywhere);

  const lowerPrefix = prefix.toLowerCase();
  const everyPathIsLowerCase = lowerPrefix === prefix && routes.every(({ path }) => path === path.toLowerCase());

  return {
    locate({ host, path, readings }) {
      const { asWritten, canonical, depth } = placesFor(host);
      const place = longest(asWritten, path, depth);
      const belowPrefix = isBelow(path, prefix);
      const toCheck = readings.length > 0 || everyPathIsLowerCase ? readings : [path];
      for (const reading of toCheck) {
        const other = longest(canonical, reading, depth);
        if (other !== place || isBelow(reading, lowerPrefix) !== belowPrefix) return { place: AMBIGUOUS, belowPrefix };
      }
      return { place, belowPrefix };
    },
    locateAsSent(path, host) {
      const { asWritten, depth } = placesFor(host);
      return { place: longest(asWritten, path, depth), belowPrefix: isBelow(path, prefix) };
    },
  };
}

function placesByPath<R extends RouteRules>(routes: readonly R[]): Map<string, Place<R>> {
  const byPath = Map.groupBy(routes, ({ path }) => path);
  return new Map(
    [...byPath].map(([path, shared]) => [
      path,
      { kind: 'routes', path, routes: shared, guarded: shared.filter(isGuarded) },
    ]),
  );
}

/**
 * Completes the places of a host by those of a less particular one, wherever the host's own routes take nothing. Below the
 * prefix its open routes do not count: an open website at `/` leaves the API of all hosts as it is.
 *
 * The longest of all paths that lead to a target decides on it, since between two of them nothing changes.
 */
function withFallback<R>(
  own: ReadonlyMap<string, Place<R>>,
  fallback: ReadonlyMap<string, Place<R>>,
  prefix: string,
): Map<string, Place<R>> {
  const all = new Map<string, Place<R>>();
  for (const path of new Set([...own.keys(), ...fallback.keys(), prefix])) {
    const place = longest(own, path);
    const takes = place.kind === 'routes' && (!isBelow(path, prefix) || place.guarded.length > 0);
    all.set(path, takes ? place : longest(fallback, path));
  }
  return all;
}

/** @param own the places of the gateway itself */
function hostPlaces<R>(places: Map<string, Place<R>>, own: ReadonlyMap<string, Place<R>>): HostPlaces<R> {
  const asWritten = new Map([...places, ...own]);
  return {
    asWritten,
    canonical: new Map([...asWritten].map(([path, place]) => [path.toLowerCase(), place])),
    depth: Math.max(...[...asWritten.keys()].map((path) => path.split('/').length - 1)),
  };
}

/** Finds the route for a method among routes of one path. GET implies HEAD; only a route that lists TRACE takes it. */
export function routeFor<R extends RouteRules>(routes: readonly R[], method: string): R | undefined {
  return routes.find(({ methods }) => (methods === undefined ? method !== 'TRACE' : takes(methods, method)));
}

function takes(methods: readonly string[], method: string): boolean {
  return methods.includes(method) || (method === 'HEAD' && methods.includes('GET'));
}

/**
 * `Allow` of a route without `methods`, which takes every method but TRACE. TRACE echoes the request, with fields that
 * intermediaries have added (RFC 9110 section 9.3.8; cross-site tracing), so a route must list it.
 */
const USUAL = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
export const USUAL_METHODS = USUAL.join(', ');

/** A 404. */
export function noRoute(): GatewayError {
  return new GatewayError('not_found', 'no route');
}

/** A 405. @param allow the value of `Allow` */
export function methodNotAllowed(allow: string, method: string): GatewayError {
  return new GatewayError('method_not_allowed', `takes ${allow}, not ${method}`, { headers: { Allow: allow } });
}

/** The methods that routes of one path take. */
export function methodsOf(routes: readonly Pick<RouteRules, 'methods'>[]): string[] {
  const methods = new Set(routes.flatMap((route) => route.methods ?? USUAL));
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods];
}

/** @returns the value of `Allow` for routes of one path */
export function allowOf(routes: readonly RouteRules[]): string {
  return methodsOf(routes).join(', ');
}

/** Whether a path is the prefix or lies below it, on a segment boundary. */
export function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
}

export function isGuarded({ auth }: RouteRules): boolean {
  return auth === 'required';
}

/** Looks up only as many segments as the deepest route has, so that a target of ten thousand slashes costs no more. */
function longest<R>(places: ReadonlyMap<string, Place<R>>, path: string, depth = Number.POSITIVE_INFINITY): Place<R> {
  let end = 0;
  for (let segments = 0; segments < depth && end !== path.length; segments++) {
    const next = path.indexOf('/', end + 1);
    end = next === -1 ? path.length : next;
  }
  while (end > 0) {
    const place = places.get(path.slice(0, end));
    if (place !== undefined && (place.kind !== 'key-set' || end === path.length)) return place;
    end = path.lastIndexOf('/', end - 1);
  }
  return places.get('/') ?? NOTHING;
}

/** The paths outside the prefix at which the gateway itself answers; null: it does not. */
export interface OwnPaths {
  /** The account pages, and everything below. */
  readonly pages: string | null;
  /** The published keys of assertions. */
  readonly keySet: string | null;
}

/** @param settings `assertion` may be null, as in `SettingsWithoutSecrets` */
export function ownPaths({
  pages,
  assertion,
}: Pick<Settings, 'pages'> & { readonly assertion?: object | null }): OwnPaths {
  return {
    pages: pages.enabled ? pages.path : null,
    keySet: (assertion ?? null) === null ? null : KEY_SET_PATH,
  };
}
