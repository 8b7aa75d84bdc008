import { GatewayError } from '../domain/errors.ts';
import type { Target } from '../http/target.ts';
import type { RouteSettings, Settings } from '../settings/schema/settings.ts';

/** The settings that decide which route takes a request. */
export type RouteRules = Pick<RouteSettings, 'name' | 'path' | 'methods' | 'auth' | 'allowEncodedSlashes'>;

/** The routes of one path, told apart by method. */
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
   * Finds the place with the longest path that is a prefix of the target's on a segment boundary.
   *
   * An upstream that folds case, decodes or merges slashes would take `/API/v1`, `/%61pi/v1` or `/api//v1` for
   * `/api/v1`. If any such reading has another place than the path as sent, or lies on the other side of the prefix, the
   * place is ambiguous.
   */
  locate(target: Target): Located<R>;
  /** Finds the place by the path as sent, without the check for ambiguity: never for forwarding. */
  locateAsSent(path: string): Located<R>;
}

const TOKENS = { kind: 'tokens' } as const;
const PAGES = { kind: 'pages' } as const;
const NOTHING = { kind: 'nothing' } as const;
const AMBIGUOUS = { kind: 'ambiguous' } as const;

/**
 * Compiles the routes. A lookup costs one map access per segment, however many routes there are.
 *
 * @param pages the path of the account pages; null: none
 */
export function compileRoutes<R extends RouteRules>(
  routes: readonly R[],
  prefix: string,
  pages: string | null,
): RouteTable<R> {
  const asWritten = new Map<string, Place<R>>();
  const canonical = new Map<string, Place<R>>();
  const add = (path: string, place: Place<R>) => {
    asWritten.set(path, place);
    canonical.set(path.toLowerCase(), place);
  };
  add(`${prefix}/tokens`, TOKENS);
  if (pages !== null) add(pages, PAGES);
  for (const [path, shared] of Map.groupBy(routes, (route) => route.path)) {
    add(path, { kind: 'routes', path, routes: shared, guarded: shared.filter(isGuarded) });
  }
  const depth = Math.max(...[...asWritten.keys()].map((path) => path.split('/').length - 1));
  const lowerPrefix = prefix.toLowerCase();
  const everyPathIsLowerCase = lowerPrefix === prefix && routes.every(({ path }) => path === path.toLowerCase());

  return {
    locate(target) {
      const place = longest(asWritten, target.path, depth);
      const belowPrefix = isBelow(target.path, prefix);
      const { path, readings } = target;
      const toCheck = readings.length > 0 || everyPathIsLowerCase ? readings : [path];
      for (const reading of toCheck) {
        const other = longest(canonical, reading, depth);
        if (other !== place || isBelow(reading, lowerPrefix) !== belowPrefix) return { place: AMBIGUOUS, belowPrefix };
      }
      return { place, belowPrefix };
    },
    locateAsSent(path) {
      return { place: longest(asWritten, path, depth), belowPrefix: isBelow(path, prefix) };
    },
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

/** A 405 with `Allow`. @param routes of one path; empty: the gateway as a whole */
export function methodNotAllowed(routes: readonly RouteRules[], method: string): GatewayError {
  const allow = routes.length === 0 ? USUAL_METHODS : allowOf(routes);
  return new GatewayError('method_not_allowed', `takes ${allow}, not ${method}`, { headers: { Allow: allow } });
}

/** @returns the value of `Allow` for routes of one path */
export function allowOf(routes: readonly RouteRules[]): string {
  const methods = new Set(routes.flatMap((route) => route.methods ?? USUAL));
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].join(', ');
}

/** Whether a path is the prefix or lies below it, on a segment boundary. */
export function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
}

export function isGuarded({ auth }: RouteRules): boolean {
  return auth === 'required';
}

/** Looks up only as many segments as the deepest route has, so that a target of ten thousand slashes costs no more. */
function longest<R>(places: ReadonlyMap<string, Place<R>>, path: string, depth: number): Place<R> {
  let end = 0;
  for (let segments = 0; segments < depth && end !== path.length; segments++) {
    const next = path.indexOf('/', end + 1);
    end = next === -1 ? path.length : next;
  }
  while (end > 0) {
    const place = places.get(path.slice(0, end));
    if (place !== undefined) return place;
    end = path.lastIndexOf('/', end - 1);
  }
  return places.get('/') ?? NOTHING;
}

/** The path of the account pages; null: they are disabled. */
export function pagesPath({ pages }: Pick<Settings, 'pages'>): string | null {
  return pages.enabled ? pages.path : null;
}
