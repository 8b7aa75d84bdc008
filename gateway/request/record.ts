import type { IncomingMessage } from 'node:http';
import type { RequestRecord } from '../domain/request-record.ts';
import { randomHex } from '../http/random-hex.ts';
import { partsOf } from '../http/request-line.ts';
import { withoutCredentials } from '../ops/redact.ts';

/** The log's status of a request that got no answer. */
export const NO_ANSWER = 499;

const LONGEST_METHOD = 32;

/** A request id that others may have made: short, and safe in a header and in a log line. */
const REQUEST_ID = /^[\w.:+=@/-]{1,128}$/;

/** @param client the address of whoever sent it */
export function newRecord(req: IncomingMessage, client: string): RequestRecord {
  return {
    id: '',
    client,
    method: req.method ?? '',
    path: withoutQuery(req.url ?? ''),
    protocol: req.httpVersion === '1.1' ? 'HTTP/1.1' : `HTTP/${req.httpVersion}`,
    userAgent: req.headers['user-agent'],
    startedAt: performance.now(),
    accountId: null,
    tokenId: null,
    route: null,
    upstream: null,
    received: 0,
    sent: 0,
    status: NO_ANSWER,
    failure: null,
  };
}

/**
 * What is known of bytes that did not become a request.
 *
 * @param line the request line, as far as it has come
 */
export function recordOfNoRequest(line: string, client: string): RequestRecord {
  const { method, target } = partsOf(line);
  return {
    id: requestId(undefined),
    client,
    // Of any length, and with whatever a client has taken for one.
    method: withoutCredentials(method).slice(0, LONGEST_METHOD),
    path: withoutQuery(target),
    protocol: '',
    userAgent: undefined,
    startedAt: performance.now(),
    accountId: null,
    tokenId: null,
    route: null,
    upstream: null,
    received: 0,
    sent: 0,
    status: NO_ANSWER,
    failure: null,
  };
}

/** A target without what may hold a secret of the application: its query, its fragment, and the user of an absolute form. */
function withoutQuery(target: string): string {
  const end = target.search(/[?#]/);
  const path = end === -1 ? target : target.slice(0, end);
  return path.startsWith('/') ? path : path.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1');
}

/** Passes on the request's own `X-Request-Id` where it is well-formed and no credential, or makes one. */
export function requestId(given: unknown): string {
  return typeof given === 'string' && REQUEST_ID.test(given) && withoutCredentials(given) === given
    ? given
    : randomHex(32);
}
