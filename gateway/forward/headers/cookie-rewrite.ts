/** What replaces a value, by the value that is found; `*` is any. Empty text removes it. */
export type Replacements = ReadonlyMap<string, string>;

/** @param text for all, or a map; undefined: nothing is replaced */
export function replacementsOf(text: string | Readonly<Record<string, string>> | undefined): Replacements {
  if (text === undefined) return new Map();
  return new Map(typeof text === 'string' ? [['*', text]] : Object.entries(text));
}

/** The same for domains: RFC 6265 section 5.2.3 knows no case, and no dot at the beginning. */
export function domainReplacementsOf(text: string | Readonly<Record<string, string>> | undefined): Replacements {
  return new Map([...replacementsOf(text)].map(([domain, replacement]) => [canonicalDomain(domain), replacement]));
}

/**
 * Rewrites `Domain` and `Path` of a cookie, in whatever spelling browsers take (RFC 6265 section 5.2), and each of them
 * where one stands several times.
 *
 * @param setCookie the value of the field
 * @param domains as `domainReplacementsOf` made them
 * @param outside the path that clients know one of the upstream's by; null: the same
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
