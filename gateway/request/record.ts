import type { IncomingMessage } from 'node:http';
import type { RequestRecord } from '../domain/request-record.ts';
import { randomHex } from '../http/random-hex.ts';
import { partsOf } from '../http/request-line.ts';
import { withoutCredentials } from '../ops/redact.ts';

/** The logged status of a request that got no answer. */
export const NO_ANSWER = 499;

const LONGEST_METHOD = 32;

/** A well-formed request id from a client: short, and safe in fields and log lines. */
const REQUEST_ID = /^[\w.:+=@/-]{1,128}$/;

/**
 * The record of a request that the parser has read.
 *
 * @param client the client's address
 * @param givenId the client's `X-Request-Id`: kept if it is well-formed and contains no credential
 */
export function newRecord(req: IncomingMessage, client: string, givenId: string | string[] | undefined): RequestRecord {
  const protocol = req.httpVersion === '1.1' ? 'HTTP/1.1' : `HTTP/${req.httpVersion}`;
  const path = withoutQuery(req.url ?? '');
  return recordOf(requestId(givenId), client, req.method ?? '', path, protocol, req.headers['user-agent']);
}

/**
 * The record of bytes that the parser rejected.
 *
 * @param line the request line, as far as it has arrived
 */
export function recordOfNoRequest(line: string, client: string): RequestRecord {
  const { method, target } = partsOf(line);
  // Unvalidated: of any length, and possibly a credential.
  const logged = withoutCredentials(method).slice(0, LONGEST_METHOD);
  return recordOf(requestId(undefined), client, logged, withoutQuery(target), '', undefined);
}

function recordOf(
  id: string,
  client: string,
  method: string,
  path: string,
  protocol: string,
  userAgent: string | undefined,
): RequestRecord {
  return {
    id,
    client,
    method,
    path,
    protocol,
    userAgent,
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

/** A target without the parts that may hold secrets of the application: query, fragment, and userinfo of an absolute form. */
function withoutQuery(target: string): string {
  const end = target.search(/[?#]/);
  const path = end === -1 ? target : target.slice(0, end);
  return path.startsWith('/') ? path : path.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1');
}

function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && REQUEST_ID.test(given) && withoutCredentials(given) === given
    ? given
    : randomHex(32);
}
