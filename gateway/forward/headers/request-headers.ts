import { forwardedElement, forwardedNode, isHttps } from '../../fields/forwarded.ts';
import { hostClaim } from '../../fields/host.ts';
import { oneHopLess } from '../../fields/max-forwards.ts';
import { withoutOwnCookies } from '../../fields/own-cookies.ts';
import { nameAt, type RawFields, valueAt, withoutNamed } from '../../fields/raw-fields.ts';
import { requestField } from '../../fields/request.ts';
import { withoutTokens } from '../../fields/web-socket-token.ts';
import { isTraceparent, newSpanId, newTraceId, traceparentOf } from '../../http/trace-context.ts';
import type { FieldChanges } from '../outgoing.ts';
import { addForwarded, isPathPrefix, type ProxyClaims } from './proxy-claims.ts';

/** What the gateway tells the upstream about a request, in place of what the client says. */
export interface Forwarded {
  /** The fields that tell who sends the request, such as `x-user-id`; empty on a route without authentication. */
  readonly identity: RawFields;
  readonly requestId: string;
  /** Whether the gateway has made the request id. */
  readonly hasMadeId: boolean;
  /** The address of the connection's peer, and whether the peer is a trusted proxy. */
  readonly peer: { readonly address: string; readonly trusted: boolean; readonly usesTls: boolean };
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
  /** The value of `traceparent` for the upstream; `undefined`: the client's, or one of a new trace. */
  readonly traceparent?: string | undefined;
  /** The fields that the route changes; `undefined`: none. */
  readonly changes?: FieldChanges | undefined;
}

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
      case 'websocket-protocol': {
        const protocols = withoutTokens(value);
        if (protocols !== '') kept.push(name, protocols);
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
        if (trusted) claimed.host ||= hostClaim(value);
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
    kept.push('traceparent', forwarded.traceparent ?? traceparent);
    if (tracestate !== undefined) kept.push('tracestate', tracestate);
  } else {
    kept.push('traceparent', forwarded.traceparent ?? newTraceparent(forwarded.requestId, forwarded.hasMadeId));
  }
  kept.push('host', forwarded.host);
  kept.push('x-forwarded-for', claimed.for + forwardedNode(forwarded.peer.address));
  const isOverHttps = claimed.proto === '' ? forwarded.peer.usesTls : isHttps(claimed.proto);
  kept.push('x-forwarded-proto', isOverHttps ? 'https' : 'http');
  const clientHost = claimed.host || forwarded.clientHost;
  if (clientHost !== undefined) kept.push('x-forwarded-host', clientHost);
  const prefix = (isPathPrefix(claimed.prefix) ? claimed.prefix : '') + (forwarded.stripPrefix ?? '');
  if (prefix !== '') kept.push('x-forwarded-prefix', prefix);
  kept.push('x-request-id', forwarded.requestId);
  if (forwarded.hops !== undefined) kept.push('x-gatehouse-hops', forwarded.hops);
  kept.push(...forwarded.identity);
  return kept;
}

/** Whether a `Connection` option may remove a field: not one that frames, routes or identifies the message. */
function isRemovable(name: string): boolean {
  const { treatment } = requestField(name);
  return treatment === 'pass' || treatment === 'method';
}

/** Begins a new trace, with the flag `sampled` set: other systems may record it. */
function newTraceparent(requestId: string, isMade: boolean): string {
  return traceparentOf({ traceId: newTraceId(requestId, isMade), parentId: newSpanId(), isSampled: true });
}
