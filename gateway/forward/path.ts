import { badRequest } from '../domain/errors.ts';
import type { RouteSettings } from '../settings/schema/settings.ts';
import { rewritePath } from './path-rewrite.ts';

/** The address of a server, and the base path of its requests. */
export interface UpstreamAddress {
  /** `http://host:port`, or `unix:/path`, as the log shows it. */
  readonly origin: string;
  /** For the `Host` field. */
  readonly host: string;
  /** Precedes every path: empty, or a path without a slash at the end. */
  readonly basePath: string;
  readonly socketPath: string | null;
}

/** @param address an http or https URL, or `unix:` with the path of a socket */
export function upstreamAddress(address: string): UpstreamAddress {
  if (address.startsWith('unix:')) {
    return { origin: address, host: 'localhost', basePath: '', socketPath: address.slice('unix:'.length) };
  }
  const { origin, host, pathname } = new URL(address);
  return { origin, host, basePath: pathname.replace(/\/+$/, ''), socketPath: null };
}

/**
 * The target for the upstream, without its base path: the client's own bytes without the route's `stripPrefix`, rewritten
 * by the route's `pathRewrite`. The query stays as it is.
 *
 * @throws GatewayError 400 where the stripped path begins with `//`, which many programs read as a host
 */
export function upstreamTarget(
  target: { readonly path: string; readonly query: string },
  { stripPrefix, proxy }: Pick<RouteSettings, 'stripPrefix' | 'proxy'>,
): string {
  const stripped = stripPrefix === undefined ? target.path : target.path.slice(stripPrefix.length);
  if (stripped.startsWith('//')) throw badRequest('The request target has two slashes behind the route');
  const path = stripped === '' ? '/' : stripped;
  return (proxy?.pathRewrite === undefined ? path : rewritePath(path, proxy.pathRewrite)) + target.query;
}
