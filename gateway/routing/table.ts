import { GatewayError } from '../domain/errors.ts';
import type { Target } from '../http/target.ts';
import type { RouteSettings, Settings } from '../settings/schema/settings.ts';

/** What decides which route takes a request. */
export type RouteRules = Pick<RouteSettings, 'name' | 'path' | 'methods' | 'auth' | 'allowEncodedSlashes'>;

/** What lies at a path: a route's place, which may hold several routes that share the path and divide the methods. */
export interface RoutePlace<R> {
  readonly kind: 'routes';
  readonly path: string;
  readonly routes: readonly R[];
  /** Those of them that need an identity. */
  readonly guarded: readonly R[];
}

export type Place<R> =
  | RoutePlace<R>
  | { readonly kind: 'tokens' }
  /** The pages of account owners. */
  | { readonly kind: 'pages' }
  | { readonly kind: 'nothing' }
  /** The upstream could take the target for one that lies at another place. */
  | { readonly kind: 'ambiguous' };

/** Where a request goes, and whether it lies below the prefix that is always authenticated. */
export interface Located<R> {
  readonly place: Place<R>;
  readonly belowPrefix: boolean;
}

export interface RouteTable<R> {
  /**
   * Finds the place with the longest path that is a prefix of the target's on a segment boundary.
   *
   * An upstream that folds case, decodes or merges slashes would take `/API/v1`, `/%61pi/v1` or `/api//v1` for
   * `/api/v1`. When any such reading leads to another place than the path as it was sent, or across the prefix, the
   * place is ambiguous.
   */
  locate(target: Target): Located<R>;
  /** Finds the place by the path as it was sent alone: not for what is forwarded. */
  locateAsSent(path: string): Located<R>;
}

const TOKENS = { kind: 'tokens' } as const;
const PAGES = { kind: 'pages' } as const;
const NOTHING = { kind: 'nothing' } as const;
const AMBIGUOUS = { kind: 'ambiguous' } as const;

/**
 * Compiles the routes. A look-up costs one map access for each segment, however many routes there are.
 *
 * @param pages where the pages of account owners begin; null: there are none
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

/** The route that takes a method, of those that share a path; GET implies HEAD, and only a route that names TRACE takes it. */
export function routeFor<R extends RouteRules>(routes: readonly R[], method: string): R | undefined {
  return routes.find(({ methods }) => (methods === undefined ? method !== 'TRACE' : takes(methods, method)));
}

function takes(methods: readonly string[], method: string): boolean {
  return methods.includes(method) || (method === 'HEAD' && methods.includes('GET'));
}

/**
 * The methods of a route that names none, for `Allow`; it takes others too, but TRACE. TRACE sends back what came, with
 * what the client did not know of (RFC 9110 section 9.3.8: no credentials of intermediaries), so a route must name it.
 */
const USUAL = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
export const USUAL_METHODS = USUAL.join(', ');

/** A 405 that lists what is taken. @param routes those that share the path; none: the whole gateway */
export function methodNotAllowed(routes: readonly RouteRules[], method: string): GatewayError {
  const allow = routes.length === 0 ? USUAL_METHODS : allowOf(routes);
  return new GatewayError('method_not_allowed', `takes ${allow}, not ${method}`, { headers: { Allow: allow } });
}

/** The methods that routes take between them. */
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

/** Looks at no more segments than the deepest route has: a target of ten thousand slashes costs what any other does. */
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

/** Where the pages of account owners begin; null: there are none. */
export function pagesPath({ pages }: Pick<Settings, 'pages'>): string | null {
  return pages.enabled ? pages.path : null;
}
