import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { GatewayError } from '../domain/errors.ts';
import type { RequestRecord } from '../domain/request-record.ts';
import { socketBelow } from '../workarounds/node-socket-below-tls.ts';
import { mustCloseAfterAnswer } from './early-answer.ts';
import { ERROR_PAGE_POLICY, type ErrorPage } from './error-page.ts';

/** Wraps an unforeseen exception as a 500 whose cause goes to the log only. */
export function asGatewayError(error: unknown): GatewayError {
  return error instanceof GatewayError
    ? error
    : new GatewayError('internal_error', 'unexpected error', { cause: error });
}

/**
 * Answers a request that fails or is refused. If an answer has begun already, the connection is cut instead, so that the
 * client notices the truncation.
 *
 * @param page for browsers outside the API; null: JSON
 * @param awaitsContinue whether the client waits for `100 Continue` before it sends its body
 * @returns bytes of the body that was sent
 */
export function answerError(
  req: IncomingMessage,
  res: ServerResponse,
  error: GatewayError,
  { record, page, awaitsContinue }: { record: AboutRequest; page: ErrorPage | null; awaitsContinue: boolean },
): number {
  if (res.headersSent) {
    cut(req, res);
    return 0;
  }
  // The listener has already answered a request that turned out malformed.
  if (res.destroyed || !req.socket.writable) return 0;
  const { reason, fields, body, length } = errorAnswer(error, record, page);
  const close = mustCloseAfterAnswer(req, res, awaitsContinue);
  res.writeHead(error.status, reason, { ...fields, ...(close ? { Connection: 'close' } : {}) });
  res.end(body);
  return req.method === 'HEAD' ? 0 : length;
}

/** What the answer says of its request. */
type AboutRequest = Pick<RequestRecord, 'id' | 'rateLimit'>;

/** The answer to a request that fails or is refused. */
export interface ErrorAnswer {
  readonly reason: string;
  readonly fields: Readonly<Record<string, string | string[]>>;
  readonly body: string;
  /** Bytes of the body. */
  readonly length: number;
}

/** @param page for browsers outside the API; null: JSON */
export function errorAnswer(error: GatewayError, { id, rateLimit }: AboutRequest, page: ErrorPage | null): ErrorAnswer {
  const body = page === null ? errorJson(error) : page(error, id);
  const length = Buffer.byteLength(body);
  const fields = {
    'Content-Type': page === null ? 'application/json' : 'text/html; charset=utf-8',
    'Content-Length': String(length),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(page === null ? {} : { 'Content-Security-Policy': ERROR_PAGE_POLICY }),
    'X-Request-Id': id,
    ...(rateLimit === null ? {} : { 'RateLimit-Policy': rateLimit.policy, RateLimit: rateLimit.state }),
    ...error.headers,
  };
  return { reason: STATUS_CODES[error.status] ?? '', fields, body, length };
}

/** The fields of an error answer in turn, and whether the connection ends with it. */
export function fieldsOfError({ fields }: Pick<ErrorAnswer, 'fields'>): {
  readonly fields: string[];
  readonly closes: boolean;
} {
  const list: string[] = [];
  let closes = false;
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'Connection') closes = true;
    else for (const line of [value].flat()) list.push(name, line);
  }
  return { fields: list, closes };
}

export function errorJson(error: GatewayError): string {
  return JSON.stringify({ error: error.code, message: error.publicMessage });
}

/** Cuts a connection in mid-answer; with a reset for HTTP/1.0, where an ordinary close means that the answer is complete. */
function cut(req: IncomingMessage, res: ServerResponse): void {
  if (req.httpVersion === '1.0' && res.socket !== null) (socketBelow(res.socket) ?? res.socket).resetAndDestroy();
  else res.destroy();
}
