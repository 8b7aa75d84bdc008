import cors from '@koa/cors';
import type Koa from 'koa';
import { mustCloseAfterAnswer } from '../forward/early-answer.ts';
import { matchesOrigin } from '../settings/origin-pattern.ts';
import type { CorsSettings, RouteSettings } from '../settings/schema.ts';
import type { RequestRecord } from '../state.ts';
import type { Head } from './head.ts';
import { routesAt } from './plan.ts';
import { type RouteTable, routeFor } from './routes.ts';
import { pathAsSent } from './target.ts';

/** What the stage may count on. */
export interface CorsState extends Koa.DefaultState {
  record: RequestRecord;
  head: Head;
}

export type CorsStage = (ctx: Koa.ParameterizedContext<CorsState>, next: Koa.Next) => unknown;

type CorsRoute = RouteSettings & { readonly cors: CorsSettings };

/**
 * Lets pages of other origins call the routes that have `cors` (Fetch standard, "CORS protocol"): answers their
 * preflights, and sets the fields without which a browser hides an answer, be it the upstream's or a refusal of a later
 * stage.
 *
 * It has to come before identification: a preflight carries no credentials, and a page is to read its 401. So whoever
 * has proven nothing can learn that a route with `cors` lies at a path, as from the script of any page that calls it,
 * and whether an origin that they name may. They learn nothing of guarded routes without `cors`, which are answered like
 * a path where no route lies.
 *
 * @returns null where no route has `cors`. The stage throws what later stages throw
 */
export function createCors(table: RouteTable, routes: readonly RouteSettings[]): CorsStage | null {
  if (!routes.some(hasCors)) return null;
  return async (ctx, next) => {
    const { req, res } = ctx;
    if (!req.headers.origin) return next();
    const { head, record } = ctx.state;
    // A target that is refused lies somewhere too: without these fields its page would take the 400 for a broken network.
    const path = pathAsSent(req.url ?? '', head.host);
    if (path === null) return next();
    const located = routesAt(table.locateAsSent(path));

    const requested = ctx.method === 'OPTIONS' ? ctx.get('Access-Control-Request-Method') : '';
    const preflighted = requested === '' ? undefined : corsRouteFor(located, requested);
    if (preflighted !== undefined) {
      record.route = preflighted.name;
      await answering(preflighted.cors, requested)(ctx as Koa.Context, async () => {});
      ctx.status = 204;
      ctx.set('X-Request-Id', record.id);
      if (mustCloseAfterAnswer(req, res, head.expectsContinue)) ctx.set('Connection', 'close');
      return;
    }

    const route = corsRouteFor(located, ctx.method);
    if (route === undefined) return next();
    // @koa/cors takes any OPTIONS for a preflight; this one is what the page asked for by itself.
    const asked = ctx.method === 'OPTIONS' ? Object.create(ctx, { method: { value: 'GET' } }) : ctx;
    return answering(route.cors, '')(asked, next);
  };
}

/**
 * The route whose `cors` a request falls under: the one that takes its method. What none takes falls under the first,
 * so that a page can read its 405; but only where all of them have `cors`, for otherwise the methods of one without
 * would show by their lack of it.
 */
export function corsRouteFor(routes: readonly RouteSettings[], method: string): CorsRoute | undefined {
  const route = routeFor(routes, method) ?? (routes.every(hasCors) ? routes[0] : undefined);
  return route !== undefined && hasCors(route) ? route : undefined;
}

function hasCors(route: RouteSettings): route is CorsRoute {
  return route.cors !== undefined;
}

/** @param requested the method that a preflight asks for; it alone is allowed, and says nothing of the others */
function answering(settings: CorsSettings, requested: string): Koa.Middleware {
  const { origins, headers, exposeHeaders, credentials, maxAge } = settings;
  return cors({
    origin: ({ req }) => allowedOrigin(origins, req.headers.origin),
    allowMethods: requested,
    // Left out, it is what the page asks for. `Authorization` is named because "*" would not include it.
    allowHeaders: headers && ['Authorization', 'Content-Type', ...headers],
    exposeHeaders,
    credentials,
    // As text: it takes the number 0 for nothing said, and browsers then for 5 seconds.
    maxAge: String(Math.floor(maxAge / 1000)),
    // They stay on the response, which `answerError` adds to.
    keepHeadersOnError: false,
  });
}

/** @returns what `Access-Control-Allow-Origin` says; empty: there is none. Pages without an origin send `null`. */
export function allowedOrigin(origins: readonly string[], origin = ''): string {
  if (origins.includes('*')) return '*';
  return origins.some((pattern) => matchesOrigin(pattern, origin)) ? origin : '';
}
