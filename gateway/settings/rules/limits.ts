import { LIMIT_NAME } from '../schema/limit-options.ts';
import { suggestion } from './nearest.ts';
import type { Conflict, Readable, ReadableRoute } from './readable.ts';

/** All conflicts of limits with the routes that name them. */
export function conflictsOfLimits(settings: Readable): Conflict[] {
  const { limits = {}, routes = [] } = settings;
  return [
    ...Object.keys(limits).flatMap((name) => [...sendableName(name), ...namedByARoute(name, routes)]),
    ...routes.flatMap((route, index) => (route === undefined ? [] : limitsOfRoute(route, index, limits))),
  ];
}

function sendableName(name: string): Conflict[] {
  if (LIMIT_NAME.test(name)) return [];
  const message = 'must be a name of 1 to 64 printable ASCII characters, such as burst: clients read it in RateLimit';
  return [{ path: ['limits', name], message }];
}

function namedByARoute(name: string, routes: NonNullable<Readable['routes']>): Conflict[] {
  // A route whose limits are invalid may mean this one.
  if (routes.some((route) => route?.limits === undefined || route.limits.includes(name))) return [];
  const message = 'has no effect: no route names it in its limits; must be named by one, or be left out';
  return [{ path: ['limits', name], message }];
}

function limitsOfRoute(
  { auth, limits: named = [] }: ReadableRoute,
  index: number,
  limits: NonNullable<Readable['limits']>,
): Conflict[] {
  return named.flatMap((name, at): Conflict[] => {
    const path = ['routes', index, 'limits', at];
    if (!Object.hasOwn(limits, name)) return [{ path, message: unknownLimit(name, Object.keys(limits)) }];
    if (named.indexOf(name) < at) return [{ path, message: `is ${name} again; must be named once` }];
    const by = limits[name]?.by;
    if (auth !== 'none' || by === undefined || by === 'address') return [];
    const message = `is ${name}, which counts by ${by}, but with auth: none nobody says who they are; must be a limit by address`;
    return [{ path, message }];
  });
}

function unknownLimit(name: string, known: readonly string[]): string {
  return `names no limit in limits: ${JSON.stringify(name)}; ${suggestion(name, known, 'the limits')}`;
}
