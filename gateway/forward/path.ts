import { badRequest } from '../domain/errors.ts';
import type { RouteSettings } from '../settings/schema/settings.ts';
import { rewritePath } from './path-rewrite.ts';

/** Where a server is, and how requests to it begin. */
export interface UpstreamAddress {
  /** `http://host:port`, or `unix:/path`, as the log shows it. */
  readonly origin: string;
  /** For the `Host` field. */
  readonly host: string;
  /** What stands before every path: empty, or a path without a last slash. */
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
 * The target that the upstream receives, to stand behind its base path: the client's own bytes, less the route's
 * `stripPrefix`, and rewritten where the route says so. The query stays as it is.
 *
 * @throws GatewayError 400 where stripping would leave a target that begins with `//`, which many read as a host
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
