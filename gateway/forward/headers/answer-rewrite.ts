import { lastValue, latin1, nameAt, type RawAnswerFields, valueAt } from '../../fields/raw-fields.ts';
import type { RouteSettings } from '../../settings/schema/settings.ts';
import type { Outgoing, Rewriting } from '../outgoing.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { domainReplacementsOf, replacementsOf, rewrittenCookie } from './cookie-rewrite.ts';
import { outsidePath } from './outside-path.ts';
import { type AnswerPlace, rewrittenReference } from './reference-rewrite.ts';

/**
 * @param basePaths of the servers that the route leads to
 * @returns null where the route rewrites nothing in answers
 */
export function compileRewriting(
  { stripPrefix = '', proxy }: Pick<RouteSettings, 'stripPrefix' | 'proxy'>,
  basePaths: readonly string[],
): Rewriting | null {
  const { cookieDomainRewrite, cookiePathRewrite, autoRewrite = false, hostRewrite, protocolRewrite } = proxy ?? {};
  const rewritesRedirects = autoRewrite || hostRewrite !== undefined || protocolRewrite !== undefined;
  const rewritesCookies = cookieDomainRewrite !== undefined || cookiePathRewrite !== undefined;
  const mapsPaths = stripPrefix !== '' || basePaths.some((basePath) => basePath !== '');
  if (!rewritesRedirects && !rewritesCookies && !mapsPaths) return null;
  return {
    stripPrefix,
    cookieDomains: domainReplacementsOf(cookieDomainRewrite),
    cookiePaths: replacementsOf(cookiePathRewrite),
    redirects: rewritesRedirects
      ? { protocol: protocolRewrite ?? null, host: hostRewrite ?? null, toClientHost: autoRewrite }
      : null,
  };
}

/**
 * Rewrites the cookies, redirects and other references of an answer as the route says. Fields keep their order.
 *
 * @param fields the upstream's
 */
export function rewrittenFields(
  fields: RawAnswerFields,
  status: number,
  outgoing: Outgoing,
  upstream: Upstream,
): RawAnswerFields {
  const { rewriting } = outgoing;
  if (rewriting === null) return fields;
  let rewritten: (Buffer | string)[] | null = null;
  let place: Place | null = null;
  for (let at = 0; at < fields.length; at += 2) {
    const name = nameAt(fields, at);
    // The length is compared first: that is cheap, and rules out most fields.
    if (!NOTED_LENGTHS.has(name.length)) continue;
    const rewrite = REWRITES.get(latin1(name).toLowerCase());
    if (rewrite === undefined) continue;
    place ??= placeOf(outgoing, upstream, rewriting);
    const value = latin1(valueAt(fields, at));
    const changed = rewrite(value, place, rewriting, status);
    if (changed === value) continue;
    rewritten ??= [...fields];
    rewritten[at + 1] = changed;
  }
  return rewritten ?? fields;
}

interface Place extends AnswerPlace {
  /** The host that the client asked for, as a trusted proxy or `Host` says; null: none was named. */
  readonly clientHost: string | null;
}

type Rewrite = (value: string, place: Place, rewriting: Rewriting, status: number) => string;

const mapped: Rewrite = (value, place) => rewrittenReference(value, place, null);

const REWRITES: ReadonlyMap<string, Rewrite> = new Map<string, Rewrite>([
  ['location', location],
  ['content-location', mapped],
  ['link', link],
  ['refresh', refresh],
  ['set-cookie', cookie],
]);

const NOTED_LENGTHS: ReadonlySet<number> = new Set([...REWRITES.keys()].map(({ length }) => length));

/** The statuses whose `Location` the client may go to: redirects, and 201. */
const REDIRECTS: ReadonlySet<number> = new Set([201, 301, 302, 303, 307, 308]);

function location(value: string, place: Place, { redirects }: Rewriting, status: number): string {
  if (redirects === null || !REDIRECTS.has(status)) return rewrittenReference(value, place, null);
  const { protocol, host, toClientHost } = redirects;
  return rewrittenReference(value, place, { protocol, host: host ?? (toClientHost ? place.clientHost : null) });
}

/** RFC 8288 section 3. Quoted text is not a reference. */
function link(value: string, place: Place): string {
  return value.replace(/"(?:[^"\\]|\\.)*"?|<([^<>]*)>/g, (found: string, reference: string | undefined) =>
    reference === undefined ? found : `<${rewrittenReference(reference.trim(), place, null)}>`,
  );
}

/** Parsed as in the HTML standard ("shared declarative refresh steps"). */
function refresh(value: string, place: Place): string {
  const [before, quote = ''] = /^\s*[\d.]+[\s;,]+(?:url\s*=\s*)?(["']?)/i.exec(value) ?? [];
  if (before === undefined) return value;
  const rest = value.slice(before.length);
  const end = quote === '' ? rest.trimEnd().length : rest.indexOf(quote);
  const reference = end === -1 ? rest : rest.slice(0, end);
  return before + rewrittenReference(reference, place, null) + rest.slice(reference.length);
}

/** A cookie for `/` stays as it is: it covers the route's paths too, and may be meant for other routes. */
function cookie(value: string, place: Place, { cookieDomains, cookiePaths }: Rewriting): string {
  return rewrittenCookie(value, cookieDomains, cookiePaths, (path) => (path === '/' ? null : outsidePath(path, place)));
}

function placeOf(outgoing: Outgoing, upstream: Upstream, { stripPrefix }: Rewriting): Place {
  const { target, headers } = outgoing.headFor(upstream);
  const allPrefixes = lastValue(headers, 'x-forwarded-prefix') ?? '';
  const { host, basePath, origin, socketPath } = upstream;
  return {
    prefix: stripPrefix,
    outerPrefix: allPrefixes.slice(0, allPrefixes.length - stripPrefix.length),
    basePath,
    protocol: socketPath === null ? new URL(origin).protocol : 'http:',
    host,
    sentHost: lastValue(headers, 'host') ?? host,
    target,
    clientPath: outgoing.clientPath,
    clientHost: lastValue(headers, 'x-forwarded-host') ?? null,
  };
}
