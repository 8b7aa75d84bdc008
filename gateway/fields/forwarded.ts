import { isIP, isIPv6 } from 'node:net';

/** One proxy's element of `Forwarded` (RFC 7239 section 4). */
export interface ForwardedElement {
  /** The node that sent the request to this proxy, without quotes. */
  readonly for?: string;
  readonly proto?: string;
  readonly host?: string;
}

const TOKEN = "[!#$%&'*+.^_`|~A-Za-z0-9-]+";
const PAIR = new RegExp(`[ \\t]*(?:(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?[ \\t]*([;,]|$)`, 'y');

/**
 * Parses a `Forwarded` field. The nearest proxy's element comes last.
 *
 * @returns an empty list if the field is malformed: half of a list could name the wrong client
 */
export function parseForwarded(field: string): ForwardedElement[] {
  const elements: ForwardedElement[] = [];
  let element: Record<string, string> = {};
  let at = 0;
  while (at < field.length) {
    PAIR.lastIndex = at;
    const found = PAIR.exec(field);
    if (found === null) return [];
    at = PAIR.lastIndex;
    const [, name, token, quoted, end] = found;
    if (name !== undefined) element[name.toLowerCase()] = token ?? (quoted ?? '').replace(/\\(.)/g, '$1');
    if (end === ';' && at < field.length) continue;
    if (Object.keys(element).length > 0) elements.push(element);
    element = {};
  }
  return elements;
}

/** Stands for the peers of a Unix socket, which have no address. */
export const UNIX_PEER = 'unix';
/** A node without a known address (RFC 7239 section 6.2). */
export const UNKNOWN_PEER = 'unknown';

/** A peer in `X-Forwarded-For`. */
export function forwardedNode(address: string): string {
  return address === UNIX_PEER ? UNKNOWN_PEER : address;
}

/** The element that names the peer of a request, for the upstream. */
export function forwardedElement(address: string): string {
  return isIPv6(address) ? `for="[${address}]"` : `for=${forwardedNode(address)}`;
}

/** An IPv4 address or a bracketed IPv6 address, with an optional port (RFC 7239 section 6). */
const NODE = /^"?(?:(\d+\.\d+\.\d+\.\d+)|\[([\da-f:.]+)\])(?::(?:\d{1,5}|_[\w.-]+))?"?$/i;
const MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/;

/**
 * Parses the address of a node of `X-Forwarded-For` or `Forwarded`: `203.0.113.7`, `203.0.113.7:51234`,
 * `2001:db8::7`, `[2001:db8::7]`, `[2001:db8::7]:51234`. The result is canonical, so that throttles count each address once.
 *
 * @returns null if it is not an address: `unknown`, `_hidden`, a name
 */
export function addressOf(node: string): string | null {
  if (isIP(node) === 4) return node;
  const [, ipv4, bracketed] = NODE.exec(node) ?? [];
  if (ipv4 !== undefined) return isIP(ipv4) === 4 ? ipv4 : null;
  const ipv6 = bracketed ?? node;
  if (!isIPv6(ipv6)) return null;
  const zone = ipv6.indexOf('%');
  const canonical = new URL(`http://[${zone === -1 ? ipv6 : ipv6.slice(0, zone)}]`).hostname.slice(1, -1);
  const [, high, low] = MAPPED.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return canonical;
  const bits = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

/** @param protocols a list to which proxies append; the first entry is the client's. Traefik sends `wss` for WebSockets */
export function isHttps(protocols: string): boolean {
  return /^[ \t]*(?:https|wss)[ \t]*(?:,|$)/i.test(protocols);
}
