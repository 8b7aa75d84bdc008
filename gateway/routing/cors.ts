import cors from '@koa/cors';
import type Koa from 'koa';
import { matchesOrigin } from '../settings/schema/origin-pattern.ts';
import type { CorsSettings } from '../settings/schema/settings.ts';
import { type RouteRules, routeFor } from './table.ts';

/**
 * A route's `cors`, compiled (Fetch standard, "CORS protocol").
 *
 * Applies before authentication: a preflight carries no credentials, and pages must be able to read a 401. So unauthenticated
 * clients can find paths of routes with `cors`, and test which origins these allow; the scripts of calling pages reveal the same.
 * Guarded routes without `cors` stay hidden: they are answered like paths without a route.
 */
export interface RouteCors {
  readonly origins: readonly string[];
  /** Sets the CORS fields of an answer, be it the upstream's or a refusal, and calls `next`. */
  setFields(ctx: Koa.ParameterizedContext, next: Koa.Next): Promise<void>;
  /** Sets the CORS fields of the answer to a preflight. @param method `Access-Control-Request-Method` */
  preflight(ctx: Koa.ParameterizedContext, method: string): Promise<void>;
}

/** A route with `cors`. */
export interface CorsRoute extends RouteRules {
  readonly cors: RouteCors;
}

export function compileCors({ origins, headers, exposeHeaders, credentials, maxAge }: CorsSettings): RouteCors {
  const answer = cors({
    origin: ({ req }) => allowOriginValue(origins, req.headers.origin),
    // `preflight` replaces it with the requested method, so that the answer does not reveal others.
    allowMethods: 'GET',
    // Undefined: the requested fields are allowed. `Authorization` is listed because "*" does not include it.
    allowHeaders: headers && ['Authorization', 'Content-Type', ...headers],
    exposeHeaders,
    credentials,
    // As a string: @koa/cors omits the number 0, and browsers then default to 5 seconds.
    maxAge: String(Math.floor(maxAge / 1000)),
    // The fields stay on the response; `answerError` adds to it.
    keepHeadersOnError: false,
  });
  return {
    origins,
    setFields: (ctx, next) => {
      // @koa/cors takes any OPTIONS request for a preflight; this one is not.
      const asked = ctx.method === 'OPTIONS' ? Object.create(ctx, { method: { value: 'GET' } }) : ctx;
      return answer(asked, next);
    },
    async preflight(ctx, method) {
      await answer(ctx, async () => {});
      if (ctx.res.hasHeader('Access-Control-Allow-Methods')) ctx.set('Access-Control-Allow-Methods', method);
    },
  };
}

/**
 * Finds the route whose `cors` applies to a request: the one that takes its method. If none does, the first, so that a page
 * can read the 405; but only if all routes have `cors`, since a missing field would reveal the methods of one without.
 */
export function corsRouteFor<R extends RouteRules & { readonly cors: RouteCors | null }>(
  routes: readonly R[],
  method: string,
): CorsRoute | null {
  const route = routeFor(routes, method) ?? (routes.every(hasCors) ? routes[0] : undefined);
  return route !== undefined && hasCors(route) ? route : null;
}

function hasCors<R extends { readonly cors: RouteCors | null }>(route: R): route is R & { readonly cors: RouteCors } {
  return route.cors !== null;
}

/** @returns the value of `Access-Control-Allow-Origin`; empty: none. @param origin `Origin`; opaque origins send `null` */
export function allowOriginValue(origins: readonly string[], origin = ''): string {
  if (origins.includes('*')) return '*';
  return origins.some((pattern) => matchesOrigin(pattern, origin)) ? origin : '';
}
