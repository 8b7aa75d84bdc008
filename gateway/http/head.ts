import type { IncomingMessage } from 'node:http';
import { badRequest, GatewayError } from '../domain/errors.ts';
import { versionNotSupported } from './request-line.ts';

/** What the gateway itself needs of a request's head, read in one pass over the raw fields. */
export interface Head {
  /** The one `Authorization` line, or `undefined` where there is none. */
  readonly authorization: string | undefined;
  /** The one `Host` line; `undefined` only for HTTP/1.0. */
  readonly host: string | undefined;
  /** The first `X-API-Key` line, and whether there are more: only some routes take one. */
  readonly apiKey: string | undefined;
  readonly hasApiKeys: boolean;
  readonly requestId: string | undefined;
  /** The first `Origin` line. */
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site` and `Sec-Fetch-Mode`, by which a browser says who has it send the request. */
  readonly fetchSite: string | undefined;
  readonly fetchMode: string | undefined;
  /** The first line of `X-Forwarded-Host` and of `X-Forwarded-Proto`, whoever sent them. */
  readonly forwardedHost: string | undefined;
  readonly forwardedProto: string | undefined;
  /** `Forwarded`, whoever sent it; several lines as one list. */
  readonly forwarded: string | undefined;
  /** How often the request has passed this gateway before, as it says; several lines as one list. */
  readonly hops: string | undefined;
  readonly hasBody: boolean;
  readonly expectsContinue: boolean;
  /** Whether `Max-Forwards` allows no further hop (RFC 9110 section 7.6.2). */
  readonly isLastHop: boolean;
}

/**
 * Refuses what two programs could read in two ways, before anything else looks at the request.
 *
 * Node's `headers` object keeps the first of two `Host` or `Authorization` lines and drops the second: an upstream that
 * keeps the last would see another host or another user than the one that was authorised. Hence the raw fields.
 *
 * @throws GatewayError 400 (RFC 9112 section 3.2 for `Host`, section 6.1 for framing), 417 (RFC 9110 section 10.1.1), 505
 */
export function readHead(req: IncomingMessage): Head {
  const raw = req.rawHeaders;
  let authorization: string | undefined;
  let host: string | undefined;
  let requestId: string | undefined;
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
  let forwarded: string | undefined;
  let hops: string | undefined;
  let isLastHop = false;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    // The length is compared first: it is free, and rules out nearly every field.
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
      case 12:
        if (isField(name, 'content-type')) contentType = once(contentType, value, 'Content-Type');
        else if (isField(name, 'x-request-id')) requestId ??= value;
        else if (isField(name, 'max-forwards')) isLastHop ||= /^0+$/.test(value);
        break;
      case 13:
        if (isField(name, 'authorization')) authorization = once(authorization, value, 'Authorization');
        break;
      case 14:
        if (isField(name, 'content-length')) contentLength = once(contentLength, value, 'Content-Length');
        else if (isField(name, 'sec-fetch-site')) fetchSite = once(fetchSite, value, 'Sec-Fetch-Site');
        else if (isField(name, 'sec-fetch-mode')) fetchMode ??= value;
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
    }
  }
  // The parser lets 0.9 and 2.0 pass; any other minor version of 1 has been made 1.1 by then.
  if (req.httpVersionMajor !== 1) throw versionNotSupported(`HTTP/${req.httpVersion}`);
  // A reader of octal takes 010 for eight bytes, and what is behind these for the next request.
  if (contentLength !== undefined && !CONTENT_LENGTH.test(contentLength)) {
    throw badRequest('The Content-Length header is not a plain number without leading zeros');
  }
  if (host === undefined ? req.httpVersion !== '1.0' : !HOST.test(host)) {
    throw badRequest(host === undefined ? 'The Host header is missing' : 'The Host header is malformed');
  }
  if (transferEncoding !== undefined) {
    // Request smuggling: a second coding, or a length beside the chunks, is what two parsers disagree about.
    if (transferEncoding.toLowerCase() !== 'chunked') throw badRequest('Transfer-Encoding can only be chunked');
    if (contentLength !== undefined) throw badRequest('Transfer-Encoding and Content-Length exclude each other');
    if (req.httpVersion === '1.0') throw badRequest('HTTP/1.0 has no Transfer-Encoding');
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
    origin,
    fetchSite,
    fetchMode,
    forwardedHost,
    forwardedProto,
    forwarded,
    hops,
    hasBody: transferEncoding !== undefined || (contentLength !== undefined && Number(contentLength) > 0),
    // A client of HTTP/1.0 does not know the answer 100 (RFC 9110 section 10.1.1).
    expectsContinue: expect !== undefined && req.httpVersion !== '1.0',
    isLastHop,
  };
}

/** uri-host [":" port] of RFC 3986: a registered name, an IPv4 address or a bracketed IPv6 address; no user, no path. */
const HOST = /^(?:[\w.~!$&'()*+,;=%-]*|\[[\da-fA-F:.]+\])(?::\d*)?$/;

/** As it is written canonically, and small enough that a number of JavaScript has it exactly. */
const CONTENT_LENGTH = /^(?:0|[1-9]\d{0,14})$/;

function isField(name: string, lowerCase: string): boolean {
  return name === lowerCase || name.toLowerCase() === lowerCase;
}

function once(before: string | undefined, value: string, field: string): string {
  if (before !== undefined) throw badRequest(`More than one ${field} header`);
  return value;
}
