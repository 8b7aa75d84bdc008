/** uri-host [":" port] of RFC 3986: a registered name, an IPv4 address or a bracketed IPv6 address; no user, no path. */
const HOST = /^(?:[\w.~!$&'()*+,;=%-]*|\[[\da-fA-F:.]+\])(?::\d*)?$/;

/** The longest domain name in text (RFC 1035 section 2.3.4). */
export const LONGEST_HOST_NAME = 253;

/** Whether a text is a value of `Host` (RFC 9110 section 7.2), which may be empty. */
export function isHostValue(text: string): boolean {
  return HOST.test(text);
}

/**
 * The host that a client named, as a proxy tells it in `X-Forwarded-Host`.
 *
 * @param list a list to which proxies append; the first entry is the client's
 * @returns an empty string if that entry is no host: it may hold a path, a user or a URL, which upstreams put into links
 */
export function hostClaim(list: string): string {
  const end = list.indexOf(',');
  const first = end === -1 ? list : list.slice(0, end).trim();
  return isHostValue(first) ? first : '';
}

/**
 * A host as hosts are compared: in lower case, without port and final dot. An IPv6 address stays in brackets, in its shortest
 * form.
 *
 * @param host a value of `Host`
 */
export function comparableHost(host: string): string {
  if (host.startsWith('[')) {
    const bracketed = host.slice(0, host.indexOf(']') + 1);
    return URL.parse(`http://${bracketed}`)?.hostname ?? bracketed;
  }
  const colon = host.indexOf(':');
  const name = colon === -1 ? host : host.slice(0, colon);
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
}

/** Whether a host or pattern is below the domain of a pattern such as `*.example.com`. */
export function isWithinPattern(host: string, pattern: string): boolean {
  return pattern.startsWith('*.') && host !== pattern && host.endsWith(pattern.slice(1));
}
