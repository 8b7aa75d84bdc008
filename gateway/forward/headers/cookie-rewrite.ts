/** Replacements by the value to replace; `*` matches any. An empty replacement removes the attribute. */
export type Replacements = ReadonlyMap<string, string>;

/** @param text one replacement for all values, or a map; undefined: none */
export function replacementsOf(text: string | Readonly<Record<string, string>> | undefined): Replacements {
  if (text === undefined) return new Map();
  return new Map(typeof text === 'string' ? [['*', text]] : Object.entries(text));
}

/** As `replacementsOf`, for domains: case and a leading dot do not count (RFC 6265 section 5.2.3). */
export function domainReplacementsOf(text: string | Readonly<Record<string, string>> | undefined): Replacements {
  return new Map([...replacementsOf(text)].map(([domain, replacement]) => [canonicalDomain(domain), replacement]));
}

/**
 * Rewrites every `Domain` and `Path` of a cookie, in each spelling that browsers accept (RFC 6265 section 5.2).
 *
 * @param setCookie the value of the field
 * @param domains as `domainReplacementsOf` made them
 * @param outside gives the client's path for a path of the upstream; null: the same path
 */
export function rewrittenCookie(
  setCookie: string,
  domains: Replacements,
  paths: Replacements,
  outside: (path: string) => string | null,
): string {
  const [pair = '', ...attributes] = setCookie.split(';');
  const kept = attributes.flatMap((attribute) => {
    const equals = attribute.indexOf('=');
    const value = attribute.slice(equals + 1).trim();
    if (equals === -1 || value === '') return [attribute];
    const name = attribute.slice(0, equals).trimEnd();
    let replacement: string | null = null;
    switch (name.trimStart().toLowerCase()) {
      case 'domain':
        replacement = domains.get(canonicalDomain(value)) ?? domains.get('*') ?? null;
        break;
      case 'path':
        replacement = paths.get(value) ?? paths.get('*') ?? (value.startsWith('/') ? outside(value) : null);
        break;
    }
    if (replacement === null || replacement === value) return [attribute];
    return replacement === '' ? [] : [`${name}=${replacement}`];
  });
  return [pair, ...kept].join(';');
}

function canonicalDomain(domain: string): string {
  return domain.replace(/^\./, '').toLowerCase();
}
