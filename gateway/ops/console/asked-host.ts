import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { comparableHost, isHostValue } from '../../fields/host.ts';

/**
 * Whether a request names the ops listener itself in `Host`: by an IP address, as localhost, or as its configured host. A site whose name
 * resolves to this listener (DNS rebinding) has its scripts send its own name, and could read every answer otherwise.
 *
 * @param host the value of `Host`; undefined: none was sent
 * @param configured `ops.host`; undefined: left out
 */
export function namesListener(host: string | undefined, configured: string | undefined): boolean {
  if (host === undefined || !isHostValue(host)) return false;
  const name = comparableHost(host);
  return (
    isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 ||
    name === 'localhost' ||
    (configured !== undefined && name === comparableHost(configured))
  );
}

/**
 * Whether a page of another site or another port made the browser send the request. Browsers set `Sec-Fetch-*`, and scripts cannot change
 * them.
 */
export function isFromElsewhere(fields: IncomingHttpHeaders): boolean {
  const site = fields['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

/** Whether somebody has followed a link, so that what is answered fills the window. */
export function isLink(fields: IncomingHttpHeaders): boolean {
  return fields['sec-fetch-mode'] === 'navigate' && fields['sec-fetch-dest'] === 'document';
}
