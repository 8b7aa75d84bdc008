/** uri-host [":" port] of RFC 3986: a registered name, an IPv4 address or a bracketed IPv6 address; no user, no path. */
const HOST = /^(?:[\w.~!$&'()*+,;=%-]*|\[[\da-fA-F:.]+\])(?::\d*)?$/;

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
