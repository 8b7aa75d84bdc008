import { GatewayError } from '../domain/errors.ts';

interface Routes {
  readonly stack: readonly { readonly methods: readonly string[]; match(path: string): boolean }[];
}

/**
 * Call where no route has answered. Unlike the router's own `allowedMethods`, it neither answers OPTIONS nor knows 501.
 *
 * @throws GatewayError 405 with `Allow` when the path has routes for other methods
 */
export function refuseOtherMethods({ stack }: Routes, { method, path }: { method: string; path: string }): void {
  const allowed = stack.filter((layer) => layer.match(path)).flatMap((layer) => layer.methods);
  if (allowed.length === 0) return;
  throw new GatewayError('method_not_allowed', `${method} on ${path}`, {
    headers: { Allow: [...new Set(allowed)].join(', ') },
  });
}
