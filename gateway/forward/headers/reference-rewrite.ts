import { outsidePath, type PathMapping, resolved } from './outside-path.ts';

/** The origin and paths of an answer and of its request. */
export interface AnswerPlace extends PathMapping {
  readonly protocol: string;
  /** The upstream's own host, and the `Host` that it received: the same, or the client's. */
  readonly host: string;
  readonly sentHost: string;
  /** The target of the request to the upstream, and the path of the client's request. */
  readonly target: string;
  readonly clientPath: string;
}

/** The scheme and host of a redirect to the upstream itself; null: unchanged. */
export interface RedirectRules {
  readonly protocol: string | null;
  readonly host: string | null;
}

/**
 * Rewrites a reference of an upstream (RFC 3986 section 4.1) so that it leads clients to the same resource: relative
 * references, absolute paths, and URLs of the upstream's own origin.
 *
 * @param rules for redirects to the upstream's own host; null: hosts and schemes stay
 * @returns the reference as it is, octet by octet, where nothing is to be changed
 */
export function rewrittenReference(reference: string, place: AnswerPlace, rules: RedirectRules | null): string {
  const absolute = WITH_AUTHORITY.exec(reference);
  if (absolute !== null) return rewrittenAbsolute(absolute, place, rules);
  if (reference.startsWith('/')) return outsidePath(reference, place) ?? reference;
  // Another scheme, or a reference to the same path.
  if (/^(?:[a-z][a-z0-9+.-]*:|[?#\\]|$)/i.test(reference)) return reference;
  const mapped = outsidePath(resolved(reference, place.target), place);
  return mapped === null || mapped === resolved(reference, place.clientPath) ? reference : mapped;
}

/** Also without a scheme, and with the backslashes that browsers read as slashes. */
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
  // The client knows this host: it stays.
  if (isAsTold) return `${scheme === undefined ? '' : `${scheme}:`}//${authority}${mapped}`;
  // Another scheme is another origin, to which the upstream sends its clients on purpose.
  return protocol === place.protocol ? mapped : reference;
}

function hostOf(authority: string, protocol: string): string | null {
  return URL.parse(`${protocol}//${authority}`)?.host ?? null;
}
