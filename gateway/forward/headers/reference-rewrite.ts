import { outsidePath, type PathMapping, resolved } from './outside-path.ts';

/** Where an answer comes from, and where its request came from. */
export interface AnswerPlace extends PathMapping {
  readonly protocol: string;
  /** The upstream's own host, and the one that it was told: the same, or the client's. */
  readonly host: string;
  readonly sentHost: string;
  /** The target that the upstream was asked for, and the path that the client asked for. */
  readonly target: string;
  readonly clientPath: string;
}

/** What takes the place of scheme and host in a redirect to the upstream itself; null: nothing does. */
export interface RedirectRules {
  readonly protocol: string | null;
  readonly host: string | null;
}

/**
 * Rewrites a reference of an upstream's (RFC 3986 section 4.1), so that it leads clients to the same place: a path, in
 * whatever form, to the path that clients know; what names the upstream's own origin likewise.
 *
 * @param rules for redirects to the upstream's own host; null: hosts and schemes stay
 * @returns the reference as it is, octet by octet, where nothing is to be changed
 */
export function rewrittenReference(reference: string, place: AnswerPlace, rules: RedirectRules | null): string {
  const absolute = WITH_AUTHORITY.exec(reference);
  if (absolute !== null) return rewrittenAbsolute(absolute, place, rules);
  if (reference.startsWith('/')) return outsidePath(reference, place) ?? reference;
  // Of another scheme, or the same path once more.
  if (/^(?:[a-z][a-z0-9+.-]*:|[?#\\]|$)/i.test(reference)) return reference;
  const mapped = outsidePath(resolved(reference, place.target), place);
  return mapped === null || mapped === resolved(reference, place.clientPath) ? reference : mapped;
}

/** Also without a scheme, and with the slashes that browsers take for slashes. */
const WITH_AUTHORITY = /^(?:(https?):)?[/\\]{2}([^/\\?#@\s]+)((?:[/\\?#].*)?)$/i;

function rewrittenAbsolute(
  [reference, scheme, authority = '', rest = '']: RegExpExecArray,
  place: AnswerPlace,
  rules: RedirectRules | null,
): string {
  const protocol = scheme === undefined ? place.protocol : `${scheme.toLowerCase()}:`;
  const host = hostOf(authority, protocol);
  const isUpstream = host === place.host;
  const isAsTold = place.sentHost !== place.host && host === hostOf(place.sentHost, protocol);
  if (host === null || !(isUpstream || isAsTold)) return reference;

  const mapped = outsidePath(rest.startsWith('/') ? rest : `/${rest}`, place);
  if (rules !== null) {
    const newScheme = rules.protocol ?? scheme;
    return `${newScheme === undefined ? '' : `${newScheme}:`}//${rules.host ?? authority}${mapped ?? rest}`;
  }
  if (mapped === null) return reference;
  // The host is the one that clients know.
  if (isAsTold) return `${scheme === undefined ? '' : `${scheme}:`}//${authority}${mapped}`;
  // Another scheme is another origin: the upstream wants its clients to change to it.
  return protocol === place.protocol ? mapped : reference;
}

function hostOf(authority: string, protocol: string): string | null {
  return URL.parse(`${protocol}//${authority}`)?.host ?? null;
}
