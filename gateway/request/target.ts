import { badRequest } from '../errors.ts';

/** A request target, parsed once. Authentication, routing and forwarding all use this one value. */
export interface Target {
  /** As sent, without query. Starts with one `/`. */
  readonly path: string;
  /** As sent: empty, or from the `?` on. */
  readonly query: string;
  /** What `path` becomes for a server that decodes, folds case, merges slashes and drops `;parameters`. */
  readonly canonicalPath: string;
  readonly hasEncodedSlash: boolean;
}

/**
 * Parses an origin-form target, or an absolute-form one whose authority is the request's own `Host`.
 *
 * The absolute form must be accepted (RFC 9112 section 3.2.2), and its authority is then compared and dropped: the host
 * that is contacted comes from the configuration alone.
 *
 * @param raw the target as it stood in the request line
 * @param host the request's `Host` field
 * @throws GatewayError 400 for whatever two programs could read as two different paths
 */
export function parseTarget(raw: string, host: string | undefined): Target {
  const target = raw.startsWith('/') ? raw : originForm(raw, host);
  if (target.includes('#')) throw badRequest('The request target contains a fragment');
  const question = target.indexOf('?');
  const path = question === -1 ? target : target.slice(0, question);
  const query = question === -1 ? '' : target.slice(question);
  if (path.startsWith('//')) throw badRequest('The request target starts with two slashes');
  if (PLAIN.test(path)) return { path, query, canonicalPath: path, hasEncodedSlash: false };
  return { path, query, ...canonicalise(path) };
}

/** Paths that are their own canonical form, decided without taking them apart. */
const PLAIN = /^(?:\/[a-z0-9_~-][a-z0-9._~-]*)+$/;

function originForm(raw: string, host: string | undefined): string {
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(raw);
  const authority = absolute?.[1];
  if (authority === undefined) throw badRequest('The request target must be a path');
  if (host === undefined || authority.toLowerCase() !== host.toLowerCase()) {
    throw badRequest('The request target and the Host header name different hosts');
  }
  const rest = absolute?.[2] ?? '';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function canonicalise(path: string): { canonicalPath: string; hasEncodedSlash: boolean } {
  if (path.includes('\\')) throw badRequest('The request target contains a backslash');
  let hasEncodedSlash = false;
  let canonicalPath = '';
  for (const segment of path.slice(1).split('/')) {
    const decoded = decode(segment);
    hasEncodedSlash ||= decoded.includes('/');
    refuseTraversal(decodeAgain(decoded));
    for (const part of decoded.split('/').flatMap((once) => decodeAgain(withoutParameters(once)).split('/'))) {
      const name = withoutParameters(part);
      if (name !== '') canonicalPath += `/${name.toLowerCase()}`;
    }
  }
  return { canonicalPath: canonicalPath === '' ? '/' : canonicalPath, hasEncodedSlash };
}

/** @param text of one segment, decoded twice: a program behind another decodes what the first one has decoded already */
function refuseTraversal(text: string): void {
  if (text.includes('\\')) throw badRequest('The request target contains an encoded backslash');
  if (text.includes('\0')) throw badRequest('The request target contains an encoded NUL');
  for (const part of text.split('/')) {
    // Servlet containers read `..;x` as `..`.
    const name = withoutParameters(part);
    if (name === '.' || name === '..') throw badRequest('The request target contains a dot segment');
  }
}

function withoutParameters(segment: string): string {
  const semicolon = segment.indexOf(';');
  return semicolon === -1 ? segment : segment.slice(0, semicolon);
}

/** Percent-decodes; bytes that are not UTF-8 become U+FFFD, which no configured route contains. */
function decode(segment: string): string {
  if (MALFORMED_ESCAPE.test(segment)) throw badRequest('The request target contains a malformed percent-encoding');
  if (!segment.includes('%') && !NON_ASCII.test(segment)) return segment;
  const bytes = decodeAgain(segment);
  if (OVERLONG.test(bytes)) throw badRequest('The request target contains an overlong UTF-8 sequence');
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Replaces the escapes that there are, each by one character, and leaves a percent sign that begins none. */
function decodeAgain(text: string): string {
  return text.includes('%')
    ? text.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text;
}

const MALFORMED_ESCAPE = /%(?![\da-fA-F]{2})/;
const NON_ASCII = /[\x80-\xff]/;
/** Lenient decoders read `C0 AE` as a dot and `C0 AF` as a slash (RFC 3629 section 10). */
const OVERLONG = /[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]/;
