import { GatewayError } from '../domain/errors.ts';

interface Routed {
  readonly method: string;
  readonly path: string;
  /** The routes that @koa/router has found for the path, for all methods. */
  readonly matched?: readonly { readonly methods: readonly string[] }[];
}

/**
 * Call after a router, if no route has answered. The router's own `allowedMethods` would answer OPTIONS with 200 and
 * unknown methods with 501, and cannot name the method and the path for the log.
 *
 * @throws GatewayError 405 with `Allow` when the path has routes for other methods
 */
export function refuseOtherMethods({ method, path, matched = [] }: Routed): void {
  const allowed = new Set(matched.flatMap(({ methods }) => methods));
  if (allowed.size === 0) return;
  throw new GatewayError('method_not_allowed', `${method} on ${path}`, { headers: { Allow: [...allowed].join(', ') } });
}
