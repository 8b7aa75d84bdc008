import { ambiguousFraming, badRequest, GatewayError } from '../domain/errors.ts';
import { isHostValue } from '../fields/host.ts';
import { allowsNoHop } from '../fields/max-forwards.ts';
import { nameAt, type RawFields, valueAt } from '../fields/raw-fields.ts';
import { versionNotSupported } from './request-line.ts';

/** The fields that the gateway reads, from one pass over the raw head. */
export interface Head {
  /** The only `Authorization` line; `undefined` if there is none. */
  readonly authorization: string | undefined;
  /** The only `Host` line; `undefined` only in HTTP/1.0. */
  readonly host: string | undefined;
  /** The first `X-API-Key` line. More than one is refused later, by routes that take it. */
  readonly apiKey: string | undefined;
  /** Whether there are several `X-API-Key` lines. */
  readonly hasApiKeys: boolean;
  readonly requestId: string | undefined;
  /** The last `traceparent` line. */
  readonly traceparent: string | undefined;
  /** The first `Origin` line. */
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site` and `Sec-Fetch-Mode`: a browser's statement of the initiator. */
  readonly fetchSite: string | undefined;
  readonly fetchMode: string | undefined;
  /** The first lines of `X-Forwarded-Host` and `X-Forwarded-Proto`, from trusted and untrusted peers alike. */
  readonly forwardedHost: string | undefined;
  readonly forwardedProto: string | undefined;
  /** `X-Forwarded-For` and `Forwarded`, from trusted and untrusted peers alike; several lines joined to one list. */
  readonly forwardedFor: string | undefined;
  readonly forwarded: string | undefined;
  readonly userAgent: string | undefined;
  /** `X-Gatehouse-Hops`: how often the request has passed this gateway; several lines joined to one list. */
  readonly hops: string | undefined;
  /** `Sec-WebSocket-Protocol`; several lines joined to one list. */
  readonly webSocketProtocols: string | undefined;
  readonly hasBody: boolean;
  readonly expectsContinue: boolean;
  /** Whether `Max-Forwards` allows no further hop (RFC 9110 section 7.6.2). */
  readonly isLastHop: boolean;
}

/**
 * Reads the head, and refuses what two parsers could read differently.
 *
 * Reads the raw fields: Node's `headers` keeps the first of two `Host` or `Authorization` lines, and an upstream that keeps the
 * last would see another host or user than the one authorised.
 *
 * @param version such as `1.1`
 * @throws GatewayError 400 (RFC 9112 section 3.2 for `Host`, section 6.1 for framing), 417 (RFC 9110 section 10.1.1), 505
 */
export function readHead(raw: RawFields, version: string): Head {
  // The parser accepts 0.9 and 2.0. `RequestLine` has changed higher minor versions of 1 to 1.1.
  if (!version.startsWith('1.')) throw versionNotSupported(`HTTP/${version}`);
  let authorization: string | undefined;
  let host: string | undefined;
  let requestId: string | undefined;
  let traceparent: string | undefined;
  let transferEncoding: string | undefined;
  let contentLength: string | undefined;
  let contentType: string | undefined;
  let expect: string | undefined;
  let apiKey: string | undefined;
  let hasApiKeys = false;
  let origin: string | undefined;
  let fetchSite: string | undefined;
  let fetchMode: string | undefined;
  let forwardedHost: string | undefined;
  let forwardedProto: string | undefined;
  let forwardedFor: string | undefined;
  let forwarded: string | undefined;
  let userAgent: string | undefined;
  let hops: string | undefined;
  let webSocketProtocols: string | undefined;
  let isLastHop = false;
  for (let at = 0; at < raw.length; at += 2) {
    const name = nameAt(raw, at);
    const value = valueAt(raw, at);
    // Comparing the length first rules out nearly every field at no cost.
    switch (name.length) {
      case 4:
        if (isField(name, 'host')) host = once(host, value, 'Host');
        break;
      case 6:
        if (isField(name, 'expect')) expect = once(expect, value, 'Expect');
        else if (isField(name, 'origin')) origin ??= value;
        break;
      case 9:
        if (isField(name, 'x-api-key')) {
          hasApiKeys ||= apiKey !== undefined;
          apiKey ??= value;
        } else if (isField(name, 'forwarded')) {
          forwarded = forwarded === undefined ? value : `${forwarded},${value}`;
        }
        break;
      case 10:
        if (isField(name, 'user-agent')) userAgent ??= value;
        break;
      case 11:
        if (isField(name, 'traceparent')) traceparent = value;
        break;
      case 12:
        if (isField(name, 'content-type')) contentType = once(contentType, value, 'Content-Type');
        else if (isField(name, 'x-request-id')) requestId ??= value;
        else if (isField(name, 'max-forwards')) isLastHop ||= allowsNoHop(value);
        break;
      case 13:
        if (isField(name, 'authorization')) authorization = once(authorization, value, 'Authorization');
        break;
      case 14:
        if (isField(name, 'content-length')) contentLength = once(contentLength, value, 'Content-Length');
        else if (isField(name, 'sec-fetch-site')) fetchSite = once(fetchSite, value, 'Sec-Fetch-Site');
        else if (isField(name, 'sec-fetch-mode')) fetchMode ??= value;
        break;
      case 15:
        if (isField(name, 'x-forwarded-for')) {
          forwardedFor = forwardedFor === undefined ? value : `${forwardedFor},${value}`;
        }
        break;
      case 16:
        if (isField(name, 'x-forwarded-host')) forwardedHost ??= value;
        else if (isField(name, 'x-gatehouse-hops')) hops = hops === undefined ? value : `${hops},${value}`;
        break;
      case 17:
        if (isField(name, 'transfer-encoding')) {
          transferEncoding = once(transferEncoding, value, 'Transfer-Encoding');
        } else if (isField(name, 'x-forwarded-proto')) {
          forwardedProto ??= value;
        }
        break;
      case 22:
        if (isField(name, 'sec-websocket-protocol')) {
          webSocketProtocols = webSocketProtocols === undefined ? value : `${webSocketProtocols},${value}`;
        }
        break;
    }
  }
  // Request smuggling: a parser that reads 010 as octal takes eight bytes, and the rest for the next request.
  if (contentLength !== undefined && !CONTENT_LENGTH.test(contentLength)) {
    throw ambiguousFraming('The Content-Length header is not a plain number without leading zeros');
  }
  if (transferEncoding !== undefined) {
    // Request smuggling (CL.TE, TE.CL, TE.TE): parsers disagree about a second coding, or a length beside chunks.
    if (transferEncoding.toLowerCase() !== 'chunked') throw ambiguousFraming('Transfer-Encoding can only be chunked');
    if (contentLength !== undefined) throw ambiguousFraming('Transfer-Encoding and Content-Length exclude each other');
    if (version === '1.0') throw ambiguousFraming('HTTP/1.0 has no Transfer-Encoding');
  }
  // After the framing, which decides whether the connection can be kept.
  if (host === undefined ? version !== '1.0' : !isHostValue(host)) {
    throw badRequest(host === undefined ? 'The Host header is missing' : 'The Host header is malformed');
  }
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw new GatewayError('expectation_failed', 'Expect other than 100-continue');
  }
  return {
    authorization,
    apiKey,
    hasApiKeys,
    host,
    requestId,
    traceparent,
    origin,
    fetchSite,
    fetchMode,
    forwardedHost,
    forwardedProto,
    forwardedFor,
    forwarded,
    userAgent,
    hops,
    webSocketProtocols,
    hasBody: transferEncoding !== undefined || (contentLength !== undefined && Number(contentLength) > 0),
    // HTTP/1.0 has no 100 (Continue) (RFC 9110 section 10.1.1).
    expectsContinue: expect !== undefined && version !== '1.0',
    isLastHop,
  };
}

/** Canonical decimal, small enough to be exact as a JavaScript number. */
const CONTENT_LENGTH = /^(?:0|[1-9]\d{0,14})$/;

function isField(name: string, lowerCase: string): boolean {
  return name === lowerCase || name.toLowerCase() === lowerCase;
}

/** Closes after any field that is there twice: the framing has not been judged yet. */
function once(before: string | undefined, value: string, field: string): string {
  if (before !== undefined) throw ambiguousFraming(`More than one ${field} header`);
  return value;
}
