import { DROPPED_OF_ANSWERS } from '../../fields/answer.ts';
import { forwardedElement, isHttps } from '../../fields/forwarded.ts';
import { setsOwnCookie, withoutOwnCookies } from '../../fields/own-cookies.ts';
import { requestField } from '../../fields/request.ts';
import { withoutCors } from './cors-fields.ts';
import { addForwarded, firstOf, isPathPrefix, type ProxyClaims } from './proxy-claims.ts';
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
  /** What the route takes off the path. */
  readonly stripPrefix: string | undefined;
  readonly passAuthorization: boolean;
  /** Whether the route takes `X-API-Key` as a credential, in whatever spelling an upstream may read it. */
  readonly takesApiKey?: boolean;
  /** Whether the route takes some methods alone: then no field may tell the upstream of another one. */
  readonly methodIsFixed: boolean;
  /** Whether the request is one whose hops are counted down (`Max-Forwards` of OPTIONS and TRACE). */
  readonly countsHops?: boolean;
  /** How often the request has passed this gateway; `undefined`: it cannot come back with what it has. */
  readonly hops?: string | undefined;
  /** What the route changes in the fields; `undefined`: nothing. */
  readonly changes?: FieldChanges | undefined;
}

/** What a route sets and removes, compiled. */
export interface FieldChanges {
  /** The names of what is dropped, also of what is set: folded for requests, in lower case for answers. */
  readonly replaced: ReadonlySet<string>;
  /** Flat. */
  readonly set: readonly string[];
}

/** The lengths of the names of answers that are looked at. */
const NOTED_LENGTHS: ReadonlySet<number> = new Set(
  [...DROPPED_OF_ANSWERS, 'set-cookie', 'x-request-id', 'content-length'].map(({ length }) => length),
);

/** Fields that frame an answer, or by which it is found in the log: no `Connection` option removes them. */
const NOT_REMOVABLE: ReadonlySet<string> = new Set(['content-length', 'content-type', 'x-request-id']);

/**
 * The fields of the request to the upstream, as a flat list of names and values. The one place that decides this, for
 * HTTP and for WebSocket: the client's fields are treated as the table in `fields/request.ts` says, the route's are
 * added, and the gateway's own are written after everything else, so that no field and no `Connection` option can add,
 * change or remove them.
 *
 * @param raw the client's fields, flat, as `IncomingMessage.rawHeaders` has them
 */
export function requestHeaders(raw: readonly string[], forwarded: Forwarded): string[] {
  const { trusted } = forwarded.peer;
  const { changes } = forwarded;
  let kept: string[] = [];
  let fromProxy: string[] | null = null;
  let connectionOptions = '';
  let traceparent: string | undefined;
  let tracestate: string | undefined;
  const claimed: ProxyClaims = { for: '', proto: '', host: '', prefix: '', forwarded: '' };
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    const { treatment, folded } = requestField(name);
    if (changes?.replaced.has(folded)) continue;
    switch (treatment) {
      case 'pass':
      case 'exact':
        kept.push(name, value);
        break;
      case 'drop':
        break;
      case 'connection':
        connectionOptions += `${value},`;
        break;
      case 'authorization':
        if (forwarded.passAuthorization) kept.push(name, value);
        break;
      case 'api-key':
        if (!forwarded.takesApiKey) kept.push(name, value);
        break;
      case 'cookie': {
        const cookie = withoutOwnCookies(value);
        if (cookie !== '') kept.push(name, cookie);
        break;
      }
      case 'traceparent':
        traceparent = value;
        break;
      case 'tracestate':
        tracestate = tracestate === undefined ? value : `${tracestate},${value}`;
        break;
      case 'x-forwarded-for':
        if (trusted) claimed.for += `${value}, `;
        break;
      case 'x-forwarded-proto':
        if (trusted) claimed.proto ||= value;
        break;
      case 'x-forwarded-host':
        if (trusted) claimed.host ||= firstOf(value);
        break;
      case 'x-forwarded-prefix':
        if (trusted) claimed.prefix ||= value;
        break;
      case 'forwarded':
        if (trusted) claimed.forwarded += `${value}, `;
        break;
      case 'trusted':
        // After what `Connection` names has been removed: a proxy may pass that field of the client's on.
        if (trusted) fromProxy = fromProxy === null ? [name, value] : [...fromProxy, name, value];
        break;
      case 'method':
        if (!forwarded.methodIsFixed) kept.push(name, value);
        break;
      case 'max-forwards':
        kept.push(name, forwarded.countsHops ? oneHopLess(value) : value);
        break;
    }
  }
  kept = withoutNamed(kept, connectionOptions, isRemovable);
  if (fromProxy !== null) kept.push(...fromProxy);
  if (claimed.forwarded !== '') {
    addForwarded(claimed);
    kept.push('forwarded', claimed.forwarded + forwardedElement(forwarded.peer.address));
  }
  if (changes !== undefined) kept.push(...changes.set);

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
  const prefix = (isPathPrefix(claimed.prefix) ? claimed.prefix : '') + (forwarded.stripPrefix ?? '');
  if (prefix !== '') kept.push('x-forwarded-prefix', prefix);
  kept.push('x-request-id', forwarded.requestId);
  if (forwarded.hops !== undefined) kept.push('x-gatehouse-hops', forwarded.hops);
  if (forwarded.userId !== null) kept.push('x-user-id', forwarded.userId);
  return kept;
}

/** More proxies than that are on no way. */
const MOST_HOPS = 1_000;

/** RFC 9110 section 7.6.2. What is no number stays as it is. */
function oneHopLess(maxForwards: string): string {
  return /^\d+$/.test(maxForwards) ? String(Math.max(0, Math.min(Number(maxForwards), MOST_HOPS) - 1)) : maxForwards;
}

/** Whether a `Connection` option removes a field: none does that frames, routes or identifies the message. */
function isRemovable(name: string): boolean {
  const { treatment } = requestField(name);
  return treatment === 'pass' || treatment === 'method';
}

/**
 * The fields of the answer to the client: what the upstream sent, in its order and its spelling, less the hop-by-hop
 * ones and the cookies that are the gateway's own, and `X-Request-Id` where the upstream gave none.
 *
 * @param raw the upstream's fields, flat; bytes are read as Latin-1, which loses none
 * @param decidesCors whether it is the gateway that says which pages may read the answer
 * @param changes what the route changes; `undefined`: nothing
 */
export function responseHeaders(
  raw: readonly (Buffer | string)[],
  requestId: string,
  decidesCors: boolean,
  changes?: FieldChanges,
): string[] {
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
    if (DROPPED_OF_ANSWERS.has(lower)) continue;
    if (lower === 'set-cookie' && setsOwnCookie(text(raw[i + 1]))) continue;
    if (lower === 'x-request-id') hasRequestId = true;
    kept.push(name, lower === 'content-length' ? withoutLeadingZeros(text(raw[i + 1])) : text(raw[i + 1]));
  }
  if (!hasRequestId) kept.push('X-Request-Id', requestId);
  const passed = withoutNamed(kept, connectionOptions, (name) => !NOT_REMOVABLE.has(name));
  const answered = decidesCors ? withoutCors(passed) : passed;
  return changes === undefined ? answered : changed(answered, changes);
}

function changed(fields: readonly string[], { replaced, set }: FieldChanges): string[] {
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (!replaced.has(name.toLowerCase())) kept.push(name, fields[i + 1] as string);
  }
  kept.push(...set);
  return kept;
}

/** A client that takes 010 for an octal number would read what is behind eight bytes as the next answer. */
function withoutLeadingZeros(length: string): string {
  return length.startsWith('0') && length.length > 1 ? length.replace(/^0+(?=\d)/, '') : length;
}

function text(value: Buffer | string | undefined): string {
  return typeof value === 'string' ? value : (value as Buffer).toString('latin1');
}

/** Removes the fields that `Connection` options name (RFC 9110 section 7.6.1). */
function withoutNamed(fields: string[], connectionOptions: string, isRemovable: (name: string) => boolean): string[] {
  if (connectionOptions === '' || connectionOptions === 'keep-alive,' || connectionOptions === 'close,') return fields;
  const named = new Set(connectionOptions.split(',').map((option) => option.trim().toLowerCase()));
  for (const option of ['', 'keep-alive', 'close', 'upgrade']) named.delete(option);
  if (named.size === 0) return fields;
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const lower = name.toLowerCase();
    if (!named.has(lower) || !isRemovable(lower)) kept.push(name, fields[i + 1] as string);
  }
  return kept;
}
