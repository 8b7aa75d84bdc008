import { badRequest } from '../errors.ts';
import type { RouteSettings } from '../settings/schema.ts';

/** What a configured upstream URL says: where to connect, what `Host` to send, and what stands before every path. */
export function upstreamAddress(url: string): { origin: string; host: string; basePath: string } {
  const { origin, host, pathname } = new URL(url);
  return { origin, host, basePath: pathname.replace(/\/+$/, '') };
}

/**
 * The target that the upstream receives: the client's own bytes, less the route's `stripPrefix`, behind the upstream's
 * base path.
 *
 * @throws GatewayError 400 where stripping would leave a target that begins with `//`, which many read as a host
 */
export function upstreamTarget(
  target: { readonly path: string; readonly query: string },
  route: Pick<RouteSettings, 'stripPrefix'>,
  basePath: string,
): string {
  const stripped = route.stripPrefix === undefined ? target.path : target.path.slice(route.stripPrefix.length);
  if (stripped.startsWith('//')) throw badRequest('The request target has two slashes behind the route');
  return basePath + (stripped === '' ? '/' : stripped) + target.query;
}
