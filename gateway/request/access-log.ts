import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayError } from '../domain/errors.ts';
import type { RequestRecord } from '../domain/request-record.ts';
import { clientClosed } from '../forward/failure.ts';
import { type Logger, logRequestLine } from '../ops/log.ts';
import { withoutCredentials } from '../ops/redact.ts';

/** Hears of requests, to count and measure them. */
export interface RequestMeter {
  /** A request other than a WebSocket handshake has come. */
  began(): void;
  /** It is over. @param status as `logRequest` has it */
  ended(record: RequestRecord, status: number): void;
  /** A WebSocket handshake has its answer, or will get none. */
  answered(record: RequestRecord, status: number): void;
  webSocketOpened(): void;
  webSocketClosed(): void;
}

/** A longer path says nothing more to a reader, and fills the disk for whoever sends it. */
const LONGEST_PATH = 2_048;
const LONGEST_USER_AGENT = 256;

/**
 * Writes one line for a request once it is over: who, what, where to, how long, and, where it failed, whose fault it
 * was and why. Never the query, which may hold secrets of the application, and never a credential, wherever it stood.
 * docs/logging.md says what each field is.
 *
 * @param status of the answer; 499 where there was none
 */
export function logRequest(log: Logger, record: RequestRecord, status: number): void {
  const line = {
    id: record.id,
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
    ms: Math.round((performance.now() - record.startedAt) * 10) / 10,
  };
  const { failure } = record;
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
    // What the gateway reads and answers by itself has a length that is said beforehand.
    if (record.received === 0 && req.complete) record.received = lengthOf(req.headers['content-length']);
    if (record.sent === 0 && res.writableFinished && mayHaveBody(record.method, status)) {
      record.sent = lengthOf(res.getHeader('content-length'));
    }
    meter.ended(record, status);
    logRequest(log, record, status);
  });
}

/** Whether a cause says anything that the line does not: not so `connect ECONNREFUSED 127.0.0.1:9000`, as a rule. */
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

/** As they are logged: clients are many, and what they call themselves is one of a few. */
const userAgents = new Map<string, string>();
const MOST_USER_AGENTS = 1_000;

function userAgentOf(sent: string | undefined): string | undefined {
  if (sent === undefined) return undefined;
  const known = userAgents.get(sent);
  if (known !== undefined) return known;
  const logged = withoutCredentials(sent.slice(0, LONGEST_USER_AGENT));
  if (sent.length <= LONGEST_USER_AGENT) {
    if (userAgents.size === MOST_USER_AGENTS) userAgents.clear();
    userAgents.set(sent, logged);
  }
  return logged;
}

function causeOf({ cause, code }: GatewayError): string | undefined {
  const text = describe(cause, code === 'internal_error');
  return text === undefined ? undefined : withoutCredentials(text);
}

/** The innermost message of a chain of causes; with the stack where the fault is the program's own. */
function describe(cause: unknown, withStack: boolean): string | undefined {
  if (cause === undefined) return undefined;
  if (!(cause instanceof Error)) return String(cause);
  if (withStack) return cause.stack;
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause.cause;
  return describe(inner, false) ?? (cause.message || cause.name);
}
