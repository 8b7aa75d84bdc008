import { GatewayError } from '../domain/errors.ts';
import { isHttps, parseForwarded } from '../fields/forwarded.ts';
import { hostClaim } from '../fields/host.ts';
import type { Peer } from '../http/client-address.ts';
import type { Head } from '../http/head.ts';
import { allowOriginValue, corsRouteFor } from '../routing/cors.ts';
import { routesAt } from '../routing/plan.ts';
import type { Route } from '../routing/route.ts';
import type { Located } from '../routing/table.ts';
import type { IncomingRequest } from './incoming-request.ts';

/** Safe methods (RFC 9110 section 9.2.1) that a page can send. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses cross-site request forgery and cross-site WebSocket hijacking. A browser adds remembered Basic credentials to
 * every request to their origin, even to a form that another site posts. Browsers never add Bearer tokens by themselves,
 * and other clients do not send `Origin` or `Sec-Fetch-Site`.
 *
 * Runs before authentication: otherwise a page could guess passwords from its visitors' addresses.
 *
 * @throws GatewayError 403
 */
export function refuseCrossSite({ method, head, isHandshake, sender }: IncomingRequest, located: Located<Route>): void {
  const { authorization, fetchSite, origin } = head;
  if (authorization === undefined || (SAFE.has(method) && !isHandshake) || !BASIC.test(authorization)) return;
  // `same-site` origins may belong to others; `none` is the user (address bar, bookmark).
  if (fetchSite ? fetchSite === 'same-origin' || fetchSite === 'none' : !origin || isOwn(origin, head, sender.peer)) {
    return;
  }
  const route = corsRouteFor(routesAt(located), method);
  if (route !== null && isLetIn(route.cors.origins, head)) return;
  throw new GatewayError('forbidden', 'another site, and credentials that a browser may have added by itself', {
    publicMessage: 'This request comes from another site, with credentials that a browser may have added by itself',
  });
}

const BASIC = /^basic(?: |$)/i;

/** Whether `Origin` is the gateway's own origin, as far as that is known behind a proxy. */
function isOwn(origin: string, head: Head, { trusted, usesTls }: Peer): boolean {
  const [, scheme, authority] = /^(https?):\/\/([^/]+)$/.exec(origin.toLowerCase()) ?? [];
  // Sandboxed pages send `null`.
  if (scheme === undefined || authority === undefined) return false;
  const { host = '', proto = usesTls ? 'https' : '' } = trusted ? outsideOf(head) : { host: head.host };
  const port = scheme === 'https' ? ':443' : ':80';
  const isOwnHost = host.toLowerCase() === authority || host.toLowerCase() === authority + port;
  return isOwnHost && (!proto || isHttps(proto) === (scheme === 'https'));
}

/** The public host and scheme that a trusted proxy reports; `Forwarded` is read if there is no `X-Forwarded-*`. */
function outsideOf({ host, forwardedHost, forwardedProto, forwarded }: Head): {
  host?: string;
  proto?: string;
} {
  // The last element is the proxy's own.
  const element = forwarded === undefined ? undefined : parseForwarded(forwarded).at(-1);
  const outside = (forwardedHost && hostClaim(forwardedHost)) || element?.host || host;
  const proto = forwardedProto || element?.proto;
  return { ...(outside !== undefined && { host: outside }), ...(proto !== undefined && { proto }) };
}

/**
 * Whether the route's `cors` allows the request. Named origins may send anything. `*` allows scripts (CORS requests) of any
 * origin, but no forms: a form's credentials come from the browser.
 */
function isLetIn(origins: readonly string[], { origin, fetchMode }: Head): boolean {
  const allowed = allowOriginValue(origins, origin);
  if (allowed !== '*') return allowed !== '';
  return fetchMode === undefined || fetchMode === 'cors' || fetchMode === 'websocket';
}
