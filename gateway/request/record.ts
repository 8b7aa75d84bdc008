import type { IncomingMessage } from 'node:http';
import type { RequestRecord } from '../domain/request-record.ts';
import { turnTime } from '../domain/turn-time.ts';
import { visibleLine } from '../domain/visible-text.ts';
import type { Head } from '../http/head.ts';
import { randomHex } from '../http/random-hex.ts';
import { partsOf } from '../http/request-line.ts';
import { withoutCredentials } from '../ops/redact.ts';
import type { IncomingRequest } from './incoming-request.ts';

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
  return recordOf(givenId, client, req.method ?? '', path, protocol, req.headers['user-agent']);
}

/** The record of a plain request. */
export function recordOfPlain({
  method,
  url,
  head,
  sender,
}: Pick<IncomingRequest, 'method' | 'url' | 'head' | 'sender'>): RequestRecord {
  return recordOf(head.requestId, sender.client, method, withoutQuery(url), 'HTTP/1.1', head.userAgent);
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
  return recordOf(undefined, client, logged, visibleLine(withoutQuery(target)), '', undefined);
}

/** A request that another proxy asks about, as far as it could be read. */
export interface AskedRequest extends Pick<IncomingRequest, 'method' | 'url'> {
  readonly client: string;
  readonly head: Head | null;
  /** The HTTP version of the proxy's request, such as `1.1`. */
  readonly version: string;
}

/** The record of a decision for another proxy. @param door that was asked; `none` for an unknown one */
export function recordOfDecision({ method, url, client, head, version }: AskedRequest, door: string): RequestRecord {
  // From fields, which may contain octets that no method and no target has.
  const logged = visibleLine(method.slice(0, LONGEST_METHOD));
  const path = visibleLine(withoutQuery(url));
  return recordOf(head?.requestId, client, logged, path, `HTTP/${version}`, head?.userAgent, door);
}

function recordOf(
  givenId: string | string[] | undefined,
  client: string,
  method: string,
  path: string,
  protocol: string,
  userAgent: string | undefined,
  door: string | null = null,
): RequestRecord {
  const kept = keptId(givenId);
  return {
    id: kept ?? randomHex(32),
    hasMadeId: kept === null,
    client,
    method,
    path,
    protocol,
    userAgent,
    startedAt: turnTime(),
    trace: null,
    accountId: null,
    tokenId: null,
    route: null,
    upstream: null,
    door,
    received: 0,
    sent: 0,
    status: NO_ANSWER,
    rateLimit: null,
    failure: null,
  };
}

/** A target without the parts that may hold secrets of the application: query, fragment, and userinfo of an absolute form. */
function withoutQuery(target: string): string {
  const end = target.search(/[?#]/);
  const path = end === -1 ? target : target.slice(0, end);
  return path.startsWith('/') ? path : path.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1');
}

function keptId(given: string | string[] | undefined): string | null {
  return typeof given === 'string' && REQUEST_ID.test(given) && withoutCredentials(given) === given ? given : null;
}
