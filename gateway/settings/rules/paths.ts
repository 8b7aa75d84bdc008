import { isWithinPattern } from '../../fields/host.ts';
import type { Conflict, Readable, ReadableRoute } from './readable.ts';

type Route = ReadableRoute & { readonly path: string };

/**
 * Routes that would take requests of each other. Routes may share a path, spelled the same way, if they have no method or no
 * host in common. Hosts may overlap: the more particular one is preferred, and leaves requests for the other.
 */
export function conflictsOfPaths(routes: NonNullable<Readable['routes']>): Conflict[] {
  const earlier = new Map<string, { readonly index: number; readonly route: Route }[]>();
  return routes.flatMap((route, index): Conflict[] => {
    if (route === undefined) return [];
    const twice = hostTwice(route, index);
    if (!hasPath(route)) return twice;
    const sharing = earlier.get(route.path.toLowerCase()) ?? [];
    earlier.set(route.path.toLowerCase(), [...sharing, { index, route }]);
    return [...twice, ...conflictWith(sharing, route, index)];
  });
}

function hasPath(route: ReadableRoute): route is Route {
  return route.path !== undefined;
}

function hostTwice({ host = [] }: ReadableRoute, index: number): Conflict[] {
  return host.flatMap((name, at) =>
    host.indexOf(name) === at
      ? []
      : [{ path: ['routes', index, 'host', at], message: `is ${name}, which the list has already; must be left out` }],
  );
}

/** @param sharing the earlier routes with this path, in whatever case */
function conflictWith(
  sharing: readonly { readonly index: number; readonly route: Route }[],
  route: Route,
  index: number,
): Conflict[] {
  const at = ['routes', index, 'path'];
  const otherwise = sharing.find((other) => other.route.path !== route.path && mayShareHost(other.route, route));
  if (otherwise !== undefined) {
    const message = `differs only by case from the path of routes[${otherwise.index}], ${otherwise.route.path}; write it the same way, or use another path`;
    return [{ path: at, message }];
  }
  for (const other of sharing) {
    const place = commonPlace(other.route.host, route.host);
    const methods = overlap(route.methods, other.route.methods);
    if (place === null || methods === null) continue;
    const hosts = route.host === undefined ? '' : ', other hosts';
    const message = `is the path of routes[${other.index}] too, and both take ${methods}${place}; must be another path${hosts}, or other methods`;
    return [{ path: at, message }];
  }
  return [];
}

type Hosts = readonly string[] | undefined;

/** @returns what both name, such as ` on example.com`; empty for every host; null: nothing */
function commonPlace(a: Hosts, b: Hosts): string | null {
  if (a === undefined || b === undefined) return a === b ? '' : null;
  const host = a.find((name) => b.includes(name));
  return host === undefined ? null : ` on ${host}`;
}

/** Whether a request could be for either, were it not for the path. */
function mayShareHost({ host: a }: Route, { host: b }: Route): boolean {
  if (a === undefined || b === undefined) return true;
  return a.some((one) =>
    b.some((other) => one === other || isWithinPattern(one, other) || isWithinPattern(other, one)),
  );
}

type Methods = readonly string[] | undefined;

/** @returns the methods that both take, or null when there are none */
function overlap(a: Methods, b: Methods): string | null {
  if (a === undefined && b === undefined) return 'every method';
  const both = a === undefined || b === undefined ? new Set(a ?? b) : withHead(a).intersection(withHead(b));
  return both.size === 0 ? null : [...both].join(', ');
}

function withHead(methods: readonly string[]): Set<string> {
  return new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods);
}
