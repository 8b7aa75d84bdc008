import cors from '@koa/cors';
import type Koa from 'koa';
import { matchesOrigin } from '../settings/schema/origin-pattern.ts';
import type { CorsSettings } from '../settings/schema/settings.ts';
import { type RouteRules, routeFor } from './table.ts';

/**
 * What a route lets pages of other origins do (Fetch standard, "CORS protocol"), compiled.
 *
 * It applies before identification: a preflight carries no credentials, and a page is to read its 401. So anybody can learn that
 * a route with `cors` lies at a path, as from the script of any page that calls it, and whether an origin that they name may.
 * They learn nothing of guarded routes without `cors`, which are answered like a path where no route lies.
 */
export interface RouteCors {
  readonly origins: readonly string[];
  /** Sets the fields without which a browser hides an answer, be it the upstream's or a refusal, and goes on. */
  mark(ctx: Koa.ParameterizedContext, next: Koa.Next): Promise<void>;
  /** Sets the fields of the answer to a preflight. @param method that it asks for */
  preflight(ctx: Koa.ParameterizedContext, method: string): Promise<void>;
}

/** A route with `cors`. */
export interface CorsRoute extends RouteRules {
  readonly cors: RouteCors;
}

export function compileCors({ origins, headers, exposeHeaders, credentials, maxAge }: CorsSettings): RouteCors {
  const answer = cors({
    origin: ({ req }) => allowedOrigin(origins, req.headers.origin),
    // In its place, below, a preflight is told the method that it asks for alone: that says nothing of the others.
    allowMethods: 'GET',
    // Left out, it is what the page asks for. `Authorization` is named because "*" would not include it.
    allowHeaders: headers && ['Authorization', 'Content-Type', ...headers],
    exposeHeaders,
    credentials,
    // As text: it takes the number 0 for nothing said, and browsers then for 5 seconds.
    maxAge: String(Math.floor(maxAge / 1000)),
    // They stay on the response, which `answerError` adds to.
    keepHeadersOnError: false,
  });
  return {
    origins,
    mark: (ctx, next) => {
      // @koa/cors takes any OPTIONS for a preflight; this one is what the page asked for by itself.
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
 * The route whose `cors` a request falls under: the one that takes its method. What none takes falls under the first,
 * so that a page can read its 405; but only where all of them have `cors`, for otherwise the methods of one without
 * would show by their lack of it.
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

/** @returns what `Access-Control-Allow-Origin` says; empty: there is none. Pages without an origin send `null`. */
export function allowedOrigin(origins: readonly string[], origin = ''): string {
  if (origins.includes('*')) return '*';
  return origins.some((pattern) => matchesOrigin(pattern, origin)) ? origin : '';
}
