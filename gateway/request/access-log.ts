import type { ServerResponse } from 'node:http';
import { clientClosed } from '../forward/failure.ts';
import { type Logger, logRequestLine } from '../ops/log.ts';
import type { RequestRecord } from '../state.ts';

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

/**
 * Writes one line for a request once it is over: who, what, where to, how long, and, where it failed, whose fault it
 * was and why. Never the query, which may hold secrets of the application.
 *
 * @param status of the answer; 499 where the client left before there was one
 */
export function logRequest(log: Logger, record: RequestRecord, status: number): void {
  const line = {
    id: record.id,
    method: record.method,
    path: record.path.slice(0, LONGEST_PATH),
    status,
    account: record.accountId,
    route: record.route,
    upstream: record.upstream,
    ms: Math.round((performance.now() - record.startedAt) * 10) / 10,
  };
  const { failure } = record;
  if (failure === null) {
    logRequestLine(log, line);
    return;
  }
  const failed = { ...line, error: failure.code, fault: failure.fault, detail: failure.message };
  if (failure.fault === 'client') {
    logRequestLine(log, failed);
    return;
  }
  const cause = describe(failure.cause, failure.code === 'internal_error');
  log.error({ ...failed, ...(cause !== undefined && addsTo(failed, cause) && { cause }) }, 'request');
}

/** Logs and measures the request when its answer is complete or its connection is gone, whichever comes first. */
export function logWhenOver(log: Logger, meter: RequestMeter, record: RequestRecord, res: ServerResponse): void {
  meter.began();
  res.on('close', () => {
    if (!res.writableFinished) record.failure ??= clientClosed();
    const status = res.headersSent ? res.statusCode : 499;
    meter.ended(record, status);
    logRequest(log, record, status);
  });
}

/** Whether a cause says anything that the line does not: not so `connect ECONNREFUSED 127.0.0.1:9000`, as a rule. */
function addsTo({ upstream, detail }: { upstream: string | null; detail: string }, cause: string): boolean {
  const said = `connect read write ${upstream} ${detail}`;
  return cause.split(' ').some((word) => !said.includes(word));
}

/** The innermost message of a chain of causes; with the stack where the fault is the program's own. */
function describe(cause: unknown, withStack: boolean): string | undefined {
  if (cause === undefined) return undefined;
  if (!(cause instanceof Error)) return String(cause);
  if (withStack) return cause.stack;
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause.cause;
  return describe(inner, false) ?? (cause.message || cause.name);
}
