import { GatewayError } from '../domain/errors.ts';
import { isHttps, parseForwarded } from '../fields/forwarded.ts';
import { allowedOrigin, corsRouteFor } from '../routing/cors.ts';
import { routesAt } from '../routing/plan.ts';
import type { Route } from '../routing/route.ts';
import type { Located } from '../routing/table.ts';
import type { Asked } from './asked.ts';

/** Methods that change nothing (RFC 9110 section 9.2.1), of those that a page can send. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses what another site has a browser send with the Basic credentials that it remembers (cross-site request forgery; by
 * WebSocket, cross-site WebSocket hijacking). A browser adds these by itself to whatever goes to the origin that they were
 * typed in for, be it a form that another site posts. It adds no Bearer token, and no other client sends these fields.
 *
 * Before anybody has proven who they are: a page could otherwise have passwords tried by whoever opens it.
 *
 * @param isTrusted whether a peer is believed about how the outside reaches the gateway
 * @throws GatewayError 403
 */
export function refuseCrossSite(
  { method, head, isHandshake, peer }: Asked,
  located: Located<Route>,
  isTrusted: (address: string | undefined) => boolean,
): void {
  const { authorization, fetchSite, origin } = head;
  if (authorization === undefined || (SAFE.has(method) && !isHandshake) || !BASIC.test(authorization)) return;
  // The other hosts of a site (`same-site`) are other origins, which may be somebody else's; `none` is the person.
  if (
    fetchSite ? fetchSite === 'same-origin' || fetchSite === 'none' : !origin || isOwn(origin, head, isTrusted(peer))
  ) {
    return;
  }
  const route = corsRouteFor(routesAt(located), method);
  if (route !== null && isLetIn(route.cors.origins, head)) return;
  throw new GatewayError('forbidden', 'another site, and credentials that a browser may have added by itself', {
    publicMessage: 'This request comes from another site, with credentials that a browser may have added by itself',
  });
}

const BASIC = /^basic(?: |$)/i;

/** Whether a page of the gateway's own origin has sent it, as far as the origin can be known behind a proxy. */
function isOwn(origin: string, head: Asked['head'], trusted: boolean): boolean {
  const [, scheme, authority] = /^(https?):\/\/([^/]+)$/.exec(origin.toLowerCase()) ?? [];
  // `null` is the origin of pages in a sandbox.
  if (scheme === undefined || authority === undefined) return false;
  const { host = '', proto } = trusted ? outsideOf(head) : { host: head.host };
  const port = scheme === 'https' ? ':443' : ':80';
  const isOwnHost = host.toLowerCase() === authority || host.toLowerCase() === authority + port;
  return isOwnHost && (!proto || isHttps(proto) === (scheme === 'https'));
}

/** How the outside reaches the gateway, as a trusted proxy says; `Forwarded` counts where it writes no other. */
function outsideOf({ host, forwardedHost, forwardedProto, forwarded }: Asked['head']): {
  host?: string;
  proto?: string;
} {
  // The last element is the proxy's own.
  const element = forwarded === undefined ? undefined : parseForwarded(forwarded).at(-1);
  const outside = (forwardedHost && firstOf(forwardedHost)) || element?.host || host;
  const proto = forwardedProto || element?.proto;
  return { ...(outside !== undefined && { host: outside }), ...(proto !== undefined && { proto }) };
}

/** Of a list that proxies have made between them, the first one knows what the client asked for. */
function firstOf(list: string): string {
  return (list.split(',')[0] ?? '').trim();
}

/**
 * Where the route names the origin, its pages may do what they like. `*` lets scripts of any page ask, which name their
 * credentials themselves: a form, which asks nobody, is none of them.
 */
function isLetIn(origins: readonly string[], { origin, fetchMode }: Asked['head']): boolean {
  const allowed = allowedOrigin(origins, origin);
  if (allowed !== '*') return allowed !== '';
  return fetchMode === undefined || fetchMode === 'cors' || fetchMode === 'websocket';
}
