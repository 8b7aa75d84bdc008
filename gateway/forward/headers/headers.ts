import { DROPPED_OF_ANSWERS } from '../../fields/answer.ts';
import { forwardedElement, isHttps } from '../../fields/forwarded.ts';
import { setsOwnCookie, withoutOwnCookies } from '../../fields/own-cookies.ts';
import { keepFields, latin1, nameAt, type RawAnswerFields, type RawFields, valueAt } from '../../fields/raw-fields.ts';
import { requestField } from '../../fields/request.ts';
import { withoutCors } from './cors-fields.ts';
import { addForwarded, firstOf, isPathPrefix, type ProxyClaims } from './proxy-claims.ts';
import { isTraceparent, newTraceparent } from './trace.ts';

/** What the gateway tells the upstream about a request, in place of what the client says. */
export interface Forwarded {
  /** The authenticated account; `null` on a route without authentication. */
  readonly userId: string | null;
  readonly requestId: string;
  /** The address of the connection's peer, and whether the peer is a trusted proxy. */
  readonly peer: { readonly address: string; readonly trusted: boolean };
  /** `Host` as the client sent it. */
  readonly clientHost: string | undefined;
  /** `Host` for the upstream. */
  readonly host: string;
  /** The prefix that the route removes from the path. */
  readonly stripPrefix: string | undefined;
  readonly passAuthorization: boolean;
  /** Whether the route takes `X-API-Key` as a credential, which then is not passed on in any spelling. */
  readonly takesApiKey?: boolean;
  /** Whether the route accepts certain methods only: then no field may override the method (`X-HTTP-Method-Override`). */
  readonly methodIsFixed: boolean;
  /** Whether `Max-Forwards` is counted down, as for OPTIONS and TRACE. */
  readonly countsHops?: boolean;
  /** The value of `X-Gatehouse-Hops` for the upstream; `undefined`: the field is not sent, as there is no loop to count. */
  readonly hops?: string | undefined;
  /** The fields that the route changes; `undefined`: none. */
  readonly changes?: FieldChanges | undefined;
}

/** The fields that a route sets and removes, compiled. */
export interface FieldChanges {
  /** The names of fields to drop, those of `set` included: folded for requests, in lower case for answers. */
  readonly replaced: ReadonlySet<string>;
  readonly set: RawFields;
}

/** The lengths of the field names that answers are checked for. */
const NOTED_LENGTHS: ReadonlySet<number> = new Set(
  [...DROPPED_OF_ANSWERS, 'set-cookie', 'x-request-id', 'content-length'].map(({ length }) => length),
);

/** Fields that frame an answer or identify it in the log: no `Connection` option removes them. */
const NOT_REMOVABLE: ReadonlySet<string> = new Set(['content-length', 'content-type', 'x-request-id']);

/**
 * The fields of the request to the upstream, for HTTP and WebSocket alike. The table in `fields/request.ts` decides on the
 * client's fields. The route's fields follow. The gateway's own come last, so that no field and no `Connection` option can
 * add, change or remove them.
 *
 * @param raw the client's fields
 */
export function requestHeaders(raw: RawFields, forwarded: Forwarded): string[] {
  const { trusted } = forwarded.peer;
  const { changes } = forwarded;
  let kept: string[] = [];
  let fromProxy: string[] | null = null;
  let connectionOptions = '';
  let traceparent: string | undefined;
  let tracestate: string | undefined;
  const claimed: ProxyClaims = { for: '', proto: '', host: '', prefix: '', forwarded: '' };
  for (let at = 0; at < raw.length; at += 2) {
    const name = nameAt(raw, at);
    const value = valueAt(raw, at);
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
        // Added after the `Connection` options are applied: a proxy may pass on the `Connection` field of the client.
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

/** No chain of proxies is longer. */
const MOST_HOPS = 1_000;

/** Counts down as RFC 9110 section 7.6.2 says. A value that is not a number stays as it is. */
function oneHopLess(maxForwards: string): string {
  return /^\d+$/.test(maxForwards) ? String(Math.max(0, Math.min(Number(maxForwards), MOST_HOPS) - 1)) : maxForwards;
}

/** Whether a `Connection` option may remove a field: not one that frames, routes or identifies the message. */
function isRemovable(name: string): boolean {
  const { treatment } = requestField(name);
  return treatment === 'pass' || treatment === 'method';
}

/**
 * The fields of the answer to the client: those of the upstream, in its order and spelling, without hop-by-hop fields and
 * without the gateway's own cookies. `X-Request-Id` is added where the upstream sent none.
 *
 * @param raw the upstream's fields
 * @param decidesCors whether the gateway, not the upstream, decides on CORS
 * @param changes of the route; `undefined`: none
 */
export function responseHeaders(
  raw: RawAnswerFields,
  requestId: string,
  decidesCors: boolean,
  changes?: FieldChanges,
): string[] {
  const kept: string[] = [];
  let connectionOptions = '';
  let hasRequestId = false;
  for (let at = 0; at < raw.length; at += 2) {
    const name = latin1(nameAt(raw, at));
    // The length is compared first: that is cheap, and rules out most fields.
    if (!NOTED_LENGTHS.has(name.length)) {
      kept.push(name, latin1(valueAt(raw, at)));
      continue;
    }
    const lower = name.toLowerCase();
    if (lower === 'connection') connectionOptions += `${latin1(valueAt(raw, at))},`;
    if (DROPPED_OF_ANSWERS.has(lower)) continue;
    const value = latin1(valueAt(raw, at));
    if (lower === 'set-cookie' && setsOwnCookie(value)) continue;
    if (lower === 'x-request-id') hasRequestId = true;
    kept.push(name, lower === 'content-length' ? withoutLeadingZeros(value) : value);
  }
  if (!hasRequestId) kept.push('X-Request-Id', requestId);
  const passed = withoutNamed(kept, connectionOptions, (name) => !NOT_REMOVABLE.has(name));
  const answered = decidesCors ? withoutCors(passed) : passed;
  return changes === undefined ? answered : changed(answered, changes);
}

function changed(fields: RawFields, { replaced, set }: FieldChanges): string[] {
  const kept = keepFields(fields, (name) => !replaced.has(name));
  kept.push(...set);
  return kept;
}

/** Prevents response splitting at a client that reads `010` as octal: it would take the rest for the next answer. */
function withoutLeadingZeros(length: string): string {
  return length.startsWith('0') && length.length > 1 ? length.replace(/^0+(?=\d)/, '') : length;
}

/** Removes the fields that `Connection` options name (RFC 9110 section 7.6.1). */
function withoutNamed(fields: string[], connectionOptions: string, isRemovable: (name: string) => boolean): string[] {
  if (connectionOptions === '' || connectionOptions === 'keep-alive,' || connectionOptions === 'close,') return fields;
  const named = new Set(connectionOptions.split(',').map((option) => option.trim().toLowerCase()));
  for (const option of ['', 'keep-alive', 'close', 'upgrade']) named.delete(option);
  if (named.size === 0) return fields;
  return keepFields(fields, (name) => !named.has(name) || !isRemovable(name));
}
