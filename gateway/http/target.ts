import { badRequest } from '../domain/errors.ts';

/** A request target, parsed once. Authentication, routing and forwarding all use this one value. */
export interface Target {
  /** The host that the client named, as sent; `undefined`: none, as in HTTP/1.0. */
  readonly host: string | undefined;
  /** As sent, without query. Starts with one `/`. */
  readonly path: string;
  /** As sent: empty, or from the `?` on. */
  readonly query: string;
  /** The paths that normalising servers may read in `path`, each once. Empty: only `path` itself. */
  readonly readings: readonly string[];
  readonly hasEncodedSlash: boolean;
}

/**
 * Parses an origin-form target, or an absolute-form one whose authority is the request's own `Host`.
 *
 * The absolute form must be accepted (RFC 9112 section 3.2.2). Its authority is compared and dropped: only the configuration
 * decides which host is contacted.
 *
 * @param raw the target as sent in the request line
 * @param host the request's `Host` field
 * @throws GatewayError 400 for a target that two programs could read as different paths
 */
export function parseTarget(raw: string, host: string | undefined): Target {
  const target = raw.startsWith('/') ? raw : originForm(raw, host);
  if (target.includes('#')) throw badRequest('The request target contains a fragment');
  const question = target.indexOf('?');
  const path = question === -1 ? target : target.slice(0, question);
  const query = question === -1 ? '' : target.slice(question);
  if (path.startsWith('//')) throw badRequest('The request target starts with two slashes');
  if (PLAIN.test(path)) return { host, path, query, readings: NONE, hasEncodedSlash: false };
  return { host, path, query, readings: readingsOf(path), hasEncodedSlash: ENCODED_SLASH.test(path) };
}

const NONE: readonly string[] = [];
const ENCODED_SLASH = /%2f/i;

/** Paths that every server reads alike. */
const PLAIN = /^(?:\/[a-z0-9_~-][a-z0-9._~-]*)+$/;

/**
 * The path of a target, valid or not; null if the target is not a path of this host. Only for choosing the fields of a
 * refusal, never for forwarding.
 */
export function pathAsSent(raw: string, host: string | undefined): string | null {
  const [, authority, rest = ''] = ABSOLUTE.exec(raw) ?? [];
  const target = authority === undefined || authority.toLowerCase() !== host?.toLowerCase() ? raw : rest;
  if (!target.startsWith('/')) return null;
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i;

function originForm(raw: string, host: string | undefined): string {
  const absolute = ABSOLUTE.exec(raw);
  const authority = absolute?.[1];
  if (authority === undefined) throw badRequest('The request target must be a path');
  if (host === undefined || authority.toLowerCase() !== host.toLowerCase()) {
    throw badRequest('The request target and the Host header name different hosts');
  }
  const rest = absolute?.[2] ?? '';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/**
 * All paths that servers may read in a path, in whichever order they normalise: decode once or twice (a program behind
 * another may decode again), drop `;parameters` before, between or after, merge slashes and fold case.
 *
 * @throws GatewayError 400 if any reading has a dot segment (path traversal), a backslash, a NUL or overlong UTF-8
 */
function readingsOf(path: string): readonly string[] {
  if (MALFORMED_ESCAPE.test(path)) throw badRequest('The request target contains a malformed percent-encoding');
  let read = new Set([path]);
  const all = new Set<string>();
  for (let decoded = 0; ; decoded++) {
    for (const text of read) read.add(withoutParameters(text));
    for (const text of read) {
      refuseTraversal(text, decoded > 0);
      all.add(canonical(text));
    }
    const next = new Set<string>();
    for (const text of read) next.add(decode(text));
    if (decoded === MOST_DECODED || next.isSubsetOf(read)) return [...all];
    read = next;
  }
}

const MOST_DECODED = 2;

function refuseTraversal(text: string, isDecoded: boolean): void {
  const encoded = isDecoded ? 'n encoded' : '';
  if (text.includes('\\')) throw badRequest(`The request target contains a${encoded} backslash`);
  if (text.includes('\0')) throw badRequest(`The request target contains a${encoded} NUL`);
  if (DOT_SEGMENT.test(text)) throw badRequest('The request target contains a dot segment');
  if (OVERLONG.test(text)) throw badRequest('The request target contains an overlong UTF-8 sequence');
}

/** Servlet containers read `..;x` as `..`. */
const DOT_SEGMENT = /\/\.{1,2}(?:[/;]|$)/;

function withoutParameters(text: string): string {
  return text.includes(';') ? text.replace(/;[^/]*/g, '') : text;
}

/** Replaces each valid escape with one Latin-1 character; other percent signs stay. */
function decode(text: string): string {
  return text.includes('%')
    ? text.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text;
}

/**
 * Merges slashes, removes a trailing one, and folds case. Bytes that are not UTF-8 become U+FFFD, which no configured route
 * contains.
 */
function canonical(bytes: string): string {
  const text = NON_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
  const merged = text.replace(/\/{2,}/g, '/').toLowerCase();
  return merged.length > 1 && merged.endsWith('/') ? merged.slice(0, -1) : merged;
}

const MALFORMED_ESCAPE = /%(?![\da-fA-F]{2})/;
const NON_ASCII = /[\x80-\xff]/;
/** Lenient decoders read `C0 AE` as a dot and `C0 AF` as a slash (RFC 3629 section 10). */
const OVERLONG = /[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]/;
