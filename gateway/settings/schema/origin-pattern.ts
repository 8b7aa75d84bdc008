const WILDCARD = '*.';

/**
 * Whether a text is an origin as browsers write it, or, with `*.` before its host, a pattern for all subdomains. At least
 * two labels must follow, so that a pattern cannot cover all of `.com`.
 */
export function isOriginPattern(text: string): boolean {
  const [, scheme, host = ''] = /^(https?:\/\/)(.*)$/.exec(text) ?? [];
  if (scheme === undefined) return false;
  if (!host.startsWith(WILDCARD)) return isOrigin(text);
  const parent = host.slice(WILDCARD.length);
  return isOrigin(scheme + parent) && /^[^.:[\]]+\.[^.:]*[a-z]/.test(parent);
}

/**
 * Whether an `Origin` field matches a pattern. Scheme and port must be equal; `*.` matches one or more labels, and not the
 * parent domain itself.
 */
export function matchesOrigin(pattern: string, origin: string): boolean {
  const star = pattern.indexOf(WILDCARD);
  if (star === -1) return origin === pattern;
  const scheme = pattern.slice(0, star);
  const parent = pattern.slice(star + 1);
  const labels = origin.slice(scheme.length, origin.length - parent.length);
  return origin.startsWith(scheme) && origin.endsWith(parent) && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(labels);
}

function isOrigin(text: string): boolean {
  return !text.includes('*') && URL.parse(text)?.origin === text;
}
