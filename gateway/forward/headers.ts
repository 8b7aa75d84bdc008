import { withoutCors } from './cors-fields.ts';
import { isTraceparent, newTraceparent } from './trace.ts';

/** What the gateway says about a request to its upstream, whatever the client said. */
export interface Forwarded {
  /** The account that was proven; `null` on a route without authentication. */
  readonly userId: string | null;
  readonly requestId: string;
  /** Address of the peer of the connection, and whether its `X-Forwarded-*` are believed. */
  readonly peer: { readonly address: string; readonly trusted: boolean };
  /** `Host` as the client sent it. */
  readonly clientHost: string | undefined;
  /** `Host` that the upstream is to read. */
  readonly host: string;
  readonly passAuthorization: boolean;
  /** Whether the route takes some methods alone: then no field may tell the upstream of another one. */
  readonly methodIsFixed: boolean;
}

/**
 * The names of the cookies of the gateway's account pages: whose session it is, and what its forms are bound to. With
 * `__Host-` before them where they are sent over https alone.
 */
export const SESSION_COOKIE = 'gatehouse_session';
export const FORM_COOKIE = 'gatehouse_form';
const OWN_COOKIE = new RegExp(`^(?:__(?:Host|Secure)-)?(?:${SESSION_COOKIE}|${FORM_COOKIE})(?:\\.sig)?$`, 'i');

const MENTIONS_OWN_COOKIE = new RegExp(`${SESSION_COOKIE}|${FORM_COOKIE}`, 'i');

type Treatment = 'drop' | 'connection' | 'authorization' | 'cookie' | 'trace' | 'forwarded' | 'method';

/**
 * How the fields of a request are treated; all others are passed on. Keys are canonical names: lower case, and `-` for
 * each character that is no letter or digit. CGI, WSGI and Rack turn `X_User_Id` and `X-User-Id` into one variable, so
 * a look-alike is dropped like the field itself.
 */
const REQUEST_FIELDS: ReadonlyMap<string, Treatment> = new Map<string, Treatment>([
  // Hop-by-hop: RFC 9110 section 7.6.1 and what it names. Trailers are not forwarded, so neither is their list.
  ['connection', 'connection'],
  ...['keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer'].map(dropped),
  ...['transfer-encoding', 'upgrade', 'http2-settings', 'expect'].map(dropped),
  // Written by the gateway alone. `Proxy` becomes HTTP_PROXY in a CGI program (httpoxy, CVE-2016-5385).
  ...['host', 'x-user-id', 'x-request-id', 'proxy'].map(dropped),
  ['authorization', 'authorization'],
  ['cookie', 'cookie'],
  ['traceparent', 'trace'],
  ['tracestate', 'trace'],
  ['forwarded', 'forwarded'],
  ['x-real-ip', 'forwarded'],
  // Frameworks that sit behind IIS take these for the target, in place of the one that was authorised.
  ['x-original-url', 'forwarded'],
  ['x-rewrite-url', 'forwarded'],
  // Rails, Symfony and others put the method named here in place of the one that the route was asked about.
  ['x-http-method-override', 'method'],
  ['x-http-method', 'method'],
  ['x-method-override', 'method'],
]);

function dropped(name: string): [string, 'drop'] {
  return [name, 'drop'];
}

const RESPONSE_HOP_BY_HOP: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authentication-info'],
  ...['proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'],
]);

/** The lengths of the names of answers that are looked at. */
const NOTED_LENGTHS: ReadonlySet<number> = new Set(
  [...RESPONSE_HOP_BY_HOP, 'set-cookie', 'x-request-id'].map(({ length }) => length),
);

/** Fields that frame the message, say where it goes or how to find it in the log: no `Connection` option removes them. */
const NOT_REMOVABLE: ReadonlySet<string> = new Set(['content-length', 'content-type', 'host', 'x-request-id']);

/**
 * The fields of the request to the upstream, as a flat list of names and values. The one place that decides this, for
 * HTTP and for WebSocket: the client's fields are filtered first, and the gateway's own are written after everything
 * else, so that no field and no `Connection` option can add, change or remove them.
 *
 * @param raw the client's fields, flat, as `IncomingMessage.rawHeaders` has them
 */
export function requestHeaders(raw: readonly string[], forwarded: Forwarded): string[] {
  const { trusted } = forwarded.peer;
  let kept: string[] = [];
  let connectionOptions = '';
  let traceparent: string | undefined;
  let tracestate: string | undefined;
  const claimed = { for: '', proto: '', host: '' };
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    const { treatment, canonical, isSpelledSo } = fieldOf(name);
    switch (treatment) {
      case 'pass':
        kept.push(name, value);
        break;
      case 'connection':
        connectionOptions += `${value},`;
        break;
      case 'authorization':
        if (forwarded.passAuthorization && isSpelledSo) kept.push(name, value);
        break;
      case 'cookie': {
        const cookie = withoutOwnCookies(value);
        if (cookie !== '') kept.push(name, cookie);
        break;
      }
      case 'trace':
        if (canonical === 'traceparent') traceparent = value;
        else tracestate = tracestate === undefined ? value : `${tracestate},${value}`;
        break;
      case 'forwarded':
        // A proxy that replaces `X-Forwarded-Proto` may let the client's own `X_Forwarded_Proto` through.
        if (!trusted || !isSpelledSo) break;
        if (canonical === 'x-forwarded-for') claimed.for += `${value}, `;
        else if (canonical === 'x-forwarded-proto') claimed.proto ||= value;
        else if (canonical === 'x-forwarded-host') claimed.host ||= value;
        else kept.push(name, value);
        break;
      case 'method':
        if (!forwarded.methodIsFixed) kept.push(name, value);
        break;
      case 'drop':
        break;
    }
  }
  kept = withoutNamed(kept, connectionOptions);

  if (traceparent !== undefined && isTraceparent(traceparent)) {
    kept.push('traceparent', traceparent);
    if (tracestate !== undefined) kept.push('tracestate', tracestate);
  } else {
    kept.push('traceparent', newTraceparent(forwarded.requestId));
  }
  kept.push('host', forwarded.host);
  kept.push('x-forwarded-for', claimed.for + forwarded.peer.address);
  kept.push('x-forwarded-proto', claimed.proto !== '' && isHttps(claimed.proto) ? 'https' : 'http');
  const clientHost = claimed.host || forwarded.clientHost;
  if (clientHost !== undefined) kept.push('x-forwarded-host', clientHost);
  kept.push('x-request-id', forwarded.requestId);
  if (forwarded.userId !== null) kept.push('x-user-id', forwarded.userId);
  return kept;
}

/**
 * The fields of the answer to the client: what the upstream sent, in its order and its spelling, less the hop-by-hop
 * ones and the cookies that are the gateway's own, and `X-Request-Id` where the upstream gave none.
 *
 * @param raw the upstream's fields, flat; bytes are read as Latin-1, which loses none
 * @param decidesCors whether it is the gateway that says which pages may read the answer
 */
export function responseHeaders(raw: readonly (Buffer | string)[], requestId: string, decidesCors: boolean): string[] {
  const kept: string[] = [];
  let connectionOptions = '';
  let hasRequestId = false;
  for (let i = 0; i < raw.length; i += 2) {
    const name = text(raw[i]);
    // The length is compared first: it is free, and rules out most fields.
    if (!NOTED_LENGTHS.has(name.length)) {
      kept.push(name, text(raw[i + 1]));
      continue;
    }
    const lower = name.toLowerCase();
    if (lower === 'connection') connectionOptions += `${text(raw[i + 1])},`;
    if (RESPONSE_HOP_BY_HOP.has(lower)) continue;
    if (lower === 'set-cookie' && setsOwnCookie(text(raw[i + 1]))) continue;
    if (lower === 'x-request-id') hasRequestId = true;
    kept.push(name, text(raw[i + 1]));
  }
  if (!hasRequestId) kept.push('X-Request-Id', requestId);
  const passed = withoutNamed(kept, connectionOptions);
  return decidesCors ? withoutCors(passed) : passed;
}

/**
 * Whether a `Set-Cookie` would have a browser send one of the gateway's own cookies: an upstream could give its visitors
 * the session of another account (session fixation). A browser sends a cookie without a name as its value alone, so that
 * `=gatehouse_session=x` comes back as `gatehouse_session=x` (RFC 6265bis section 5.7).
 */
function setsOwnCookie(value: string): boolean {
  if (!MENTIONS_OWN_COOKIE.test(value)) return false;
  const [pair = ''] = value.split(';', 1);
  const [name = ''] = pair.replace(/^[\s=]+/, '').split('=', 1);
  return OWN_COOKIE.test(name.trim());
}

function text(value: Buffer | string | undefined): string {
  return typeof value === 'string' ? value : (value as Buffer).toString('latin1');
}

/** @param protocols a list that proxies have made between them: the first one knows */
function isHttps(protocols: string): boolean {
  return /^[ \t]*https[ \t]*(?:,|$)/i.test(protocols);
}

interface RequestField {
  readonly treatment: Treatment | 'pass';
  readonly canonical: string;
  /** Whether the canonical name is its own, but for the case. */
  readonly isSpelledSo: boolean;
}

/** The names that clients use are few, and each is in nearly every request. */
const known = new Map<string, RequestField>();
/** Names beyond these are looked at each time: a client can make up as many as it likes, and as long. */
const MOST_KNOWN = 1_000;
const LONGEST_KNOWN = 64;

function fieldOf(name: string): RequestField {
  const before = known.get(name);
  if (before !== undefined) return before;
  const lower = name.toLowerCase();
  const canonical = lower.replace(/[^a-z0-9]/g, '-');
  const treatment = canonical.startsWith('x-forwarded-') ? 'forwarded' : (REQUEST_FIELDS.get(canonical) ?? 'pass');
  const field: RequestField = { treatment, canonical, isSpelledSo: canonical === lower };
  if (known.size < MOST_KNOWN && name.length <= LONGEST_KNOWN) known.set(name, field);
  return field;
}

/** Removes the fields that `Connection` options name (RFC 9110 section 7.6.1). */
function withoutNamed(fields: string[], connectionOptions: string): string[] {
  if (connectionOptions === '' || connectionOptions === 'keep-alive,' || connectionOptions === 'close,') return fields;
  const named = new Set(connectionOptions.split(',').map((option) => option.trim().toLowerCase()));
  for (const option of ['', 'keep-alive', 'close', 'upgrade', ...NOT_REMOVABLE]) named.delete(option);
  if (named.size === 0) return fields;
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (!named.has(name.toLowerCase())) kept.push(name, fields[i + 1] as string);
  }
  return kept;
}

/** The cookies of other programs; the gateway's own must not reach an upstream that could replay them. */
function withoutOwnCookies(value: string): string {
  if (!value.includes(SESSION_COOKIE) && !value.includes(FORM_COOKIE)) return value;
  return value
    .split(';')
    .filter((pair) => !OWN_COOKIE.test(pair.slice(0, (pair.indexOf('=') + 1 || pair.length + 1) - 1).trim()))
    .join(';')
    .trim();
}
