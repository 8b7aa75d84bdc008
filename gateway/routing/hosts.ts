import { comparableHost, LONGEST_HOST_NAME } from '../fields/host.ts';

/** Begins a pattern for all hosts below a domain. */
const WILDCARD = '*.';
const LABELS = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

/**
 * Compiles a look-up by host: an exact host first, then the longest pattern. A pattern matches one or more labels before its
 * domain, and not the domain itself.
 *
 * @param byPattern hosts in the form of `comparableHost`, and patterns that begin with `*.`
 * @param otherwise for every other host, and for none
 */
export function hostLookup<V>(byPattern: ReadonlyMap<string, V>, otherwise: V): (host: string | undefined) => V {
  if (byPattern.size === 0) return () => otherwise;
  const exact = new Map([...byPattern].filter(([pattern]) => !pattern.startsWith(WILDCARD)));
  const bySuffix = new Map(
    [...byPattern].flatMap(([pattern, value]) => (exact.has(pattern) ? [] : [[suffixOf(pattern), value]])),
  );
  const byName = (name: string): V | undefined => {
    const suffix = longestSuffix(name, bySuffix);
    return suffix !== null && LABELS.test(name.slice(0, -suffix.length)) ? bySuffix.get(suffix) : undefined;
  };
  return (host) => {
    if (host === undefined) return otherwise;
    // Most clients send a host in the form in which it is compared.
    const found = exact.get(host);
    if (found !== undefined) return found;
    const name = comparableHost(host);
    return exact.get(name) ?? byName(name) ?? otherwise;
  };
}

/**
 * Finds the next less particular pattern: the longest one that matches all hosts of this one.
 *
 * @param pattern one of the patterns, or an exact host
 * @returns null: none
 */
export function fallbackOf(pattern: string, patterns: ReadonlySet<string>): string | null {
  const wildcards = [...patterns].filter((other) => other.startsWith(WILDCARD));
  const name = pattern.startsWith(WILDCARD) ? suffixOf(pattern) : pattern;
  const suffix = longestSuffix(name, new Set(wildcards.map(suffixOf)));
  return suffix === null ? null : `*${suffix}`;
}

/** `.example.com` of `*.example.com` */
function suffixOf(pattern: string): string {
  return pattern.slice(1);
}

/** The longest of the suffixes with which a name ends, and which is not all of it. */
function longestSuffix(name: string, suffixes: { has(suffix: string): boolean }): string | null {
  // Bounds the look-ups for a host of thousands of dots.
  if (name.length > LONGEST_HOST_NAME) return null;
  for (let dot = name.indexOf('.', 1); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const suffix = name.slice(dot);
    if (suffixes.has(suffix)) return suffix;
  }
  return null;
}
