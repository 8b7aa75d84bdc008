import type Koa from 'koa';
import connect from 'koa-connect';
import type { Outgoing } from '../forward/outgoing.ts';
import type { LoadedModule, LoadedModules } from '../forward/proxy-middleware/intercept-modules.ts';
import { createForwardProxied } from '../forward/proxy-middleware/proxied.ts';
import type { ProxySettings, RouteSettings } from '../settings/schema/settings.ts';

/** Forwards requests of a route with `proxy`. Resolves and throws as `forwardHttp` does. */
export type ProxiedRoute = (ctx: Koa.ParameterizedContext, outgoing: Outgoing) => Promise<void>;

/**
 * Mounts http-proxy-middleware with koa-connect, for a route with `proxy`.
 *
 * The promise of koa-connect settles only when the middleware calls `next`: on failure, and never after an answer. So it
 * reports failures only, and the forwarder determines when the answer is complete.
 *
 * @param modules the loaded modules that routes name
 * @returns null if the route has no `proxy`
 */
export function compileProxied({ proxy }: RouteSettings, modules: LoadedModules): ProxiedRoute | null {
  if (proxy === undefined) return null;
  const forward = createForwardProxied(moduleOf(proxy, modules));
  return (ctx, outgoing) =>
    forward(ctx.req, ctx.res, outgoing, (middleware, req, res) => {
      const inner = Object.create(ctx, { req: { value: req }, res: { value: res } });
      return Promise.resolve(connect(middleware)(inner, passedOn));
    });
}

function moduleOf({ intercept }: ProxySettings, modules: LoadedModules): LoadedModule | null {
  if (intercept === undefined) return null;
  const module = modules.get(intercept);
  if (module === undefined) throw new TypeError(`${intercept} has not been loaded`);
  return module;
}

async function passedOn(): Promise<never> {
  throw new TypeError('http-proxy-middleware did not take a request');
}
