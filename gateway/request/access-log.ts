import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientClosed, type GatewayError } from '../domain/errors.ts';
import type { RequestRecord } from '../domain/request-record.ts';
import { turnTime } from '../domain/turn-time.ts';
import { visibleLine } from '../domain/visible-text.ts';
import { copyOf } from '../fields/name.ts';
import { type Logger, logRequestLine } from '../ops/log.ts';
import { withoutCredentials } from '../ops/redact.ts';

/** Counts and measures requests. */
export interface RequestMeter {
  /** An HTTP request has begun. */
  began(): void;
  /** An HTTP request has ended. @param status as for `logRequest` */
  ended(record: RequestRecord, status: number): void;
  /** A WebSocket handshake or a request that never began has its answer, or will get none. */
  answered(record: RequestRecord, status: number): void;
  webSocketOpened(): void;
  webSocketClosed(): void;
}

/** Characters. Longer paths would let clients fill the disk. */
const LONGEST_PATH = 2_048;
const LONGEST_USER_AGENT = 256;

/**
 * Writes the access log line of a request that has ended; for a failure with cause and fault. Never logs the query, which
 * may hold secrets of the application, nor credentials in any field. docs/logging.md describes the fields.
 *
 * @param status of the answer; 499 if there was none
 */
export function logRequest(log: Logger, record: RequestRecord, status: number): void {
  const ofRequest = {
    id: record.id,
    trace: record.trace?.id,
    client: record.client,
    method: record.method,
    path: withoutCredentials(record.path.slice(0, LONGEST_PATH)),
    protocol: record.protocol,
    status,
    account: record.accountId,
    tokenId: record.tokenId,
    route: record.route,
    upstream: record.upstream,
    received: record.received,
    bytes: record.sent,
    userAgent: userAgentOf(record.userAgent),
    ms: Math.round((turnTime() - record.startedAt) * 10) / 10,
  };
  const { door, failure } = record;
  const line = door === null ? ofRequest : { ...ofRequest, door, decision: record.route };
  if (failure === null) {
    logRequestLine(log, line);
    return;
  }
  const failed = { ...line, error: failure.code, fault: failure.fault, detail: withoutCredentials(failure.message) };
  if (failure.fault === 'client') {
    logRequestLine(log, failed);
    return;
  }
  const cause = causeOf(failure);
  log.error({ ...failed, ...(cause !== undefined && addsTo(failed, cause) && { cause }) }, 'request');
}

/** Logs and measures the request when its answer is complete or its connection is gone, whichever comes first. */
export function logWhenOver(
  log: Logger,
  meter: RequestMeter,
  record: RequestRecord,
  req: IncomingMessage,
  res: ServerResponse,
): void {
  meter.began();
  res.on('close', () => {
    if (!res.writableFinished) record.failure ??= clientClosed();
    const status = res.headersSent ? res.statusCode : record.status;
    // For the gateway's own endpoints and answers, Content-Length is the count.
    if (record.received === 0 && req.complete) record.received = lengthOf(req.headers['content-length']);
    if (record.sent === 0 && res.writableFinished && mayHaveBody(record.method, status)) {
      record.sent = lengthOf(res.getHeader('content-length'));
    }
    meter.ended(record, status);
    logRequest(log, record, status);
  });
}

/** Whether a cause adds to the line; `connect ECONNREFUSED 127.0.0.1:9000` usually does not. */
function addsTo({ upstream, detail }: { upstream: string | null; detail: string }, cause: string): boolean {
  const said = `connect read write ${upstream} ${detail}`;
  return cause.split(' ').some((word) => !said.includes(word));
}

function lengthOf(field: number | string | string[] | undefined): number {
  return field === undefined ? 0 : Number(field);
}

function mayHaveBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304;
}

/** User agents as logged, by the field's value: many clients share few values. */
const userAgents = new Map<string, string>();
const MOST_USER_AGENTS = 1_000;

function userAgentOf(sent: string | undefined): string | undefined {
  if (sent === undefined) return undefined;
  const known = userAgents.get(sent);
  if (known !== undefined) return known;
  const logged = visibleLine(withoutCredentials(sent.slice(0, LONGEST_USER_AGENT)));
  if (sent.length <= LONGEST_USER_AGENT) {
    if (userAgents.size === MOST_USER_AGENTS) userAgents.clear();
    userAgents.set(copyOf(sent), copyOf(logged));
  }
  return logged;
}

function causeOf({ cause, code }: GatewayError): string | undefined {
  const text = describe(cause, code === 'internal_error');
  return text === undefined ? undefined : withoutCredentials(text);
}

/** The innermost message of a chain of causes; for internal errors, the stack. */
function describe(cause: unknown, withStack: boolean): string | undefined {
  if (cause === undefined) return undefined;
  if (!(cause instanceof Error)) return String(cause);
  if (withStack) return cause.stack;
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause.cause;
  return describe(inner, false) ?? (cause.message || cause.name);
}
