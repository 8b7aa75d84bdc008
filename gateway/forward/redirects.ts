import type { IncomingMessage } from 'node:http';

/**
 * Prepares a redirect for http-proxy-middleware, which reads `Location` and the `Host` of the request.
 *
 * A relative one leads to the host that the client asked by itself: it is taken from the library's sight, which would
 * make it absolute, with the scheme of the upstream, or throw at one that is malformed, in the middle of an event. And
 * the library keeps the upstream's port where the new host has none, so that gets the one that its scheme implies.
 *
 * @param host that redirects to the upstream are to lead to
 * @returns that host, as the library needs it
 */
export function prepareRedirect(answer: IncomingMessage, host: string): string {
  const { location } = answer.headers;
  const target = location === undefined ? null : URL.parse(location);
  if (target === null) {
    delete answer.headers.location;
    return host;
  }
  if (/:\d+$/.test(host)) return host;
  return `${host}:${target.protocol === 'https:' ? 443 : 80}`;
}
