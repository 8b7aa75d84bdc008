import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { GatewayError } from '../domain/errors.ts';
import { mustCloseAfterAnswer } from './early-answer.ts';
import { ERROR_PAGE_POLICY, type ErrorPage } from './error-page.ts';

/** What an unforeseen exception becomes: the client learns that it was not its fault, the log learns the rest. */
export function asGatewayError(error: unknown): GatewayError {
  return error instanceof GatewayError
    ? error
    : new GatewayError('internal_error', 'unexpected error', { cause: error });
}

/**
 * The gateway's own answer to a request that it will not or cannot forward. Where an answer has begun already, the
 * connection is cut instead: a truncated answer has to look truncated.
 *
 * @param page what a person gets, where a browser asked outside the API; null: JSON
 * @param awaitsContinue whether the client holds its body back until it hears `100 Continue`
 * @returns bytes of the body that was sent
 */
export function answerError(
  req: IncomingMessage,
  res: ServerResponse,
  error: GatewayError,
  { requestId, page, awaitsContinue }: { requestId: string; page: ErrorPage | null; awaitsContinue: boolean },
): number {
  if (res.headersSent) {
    cut(req, res);
    return 0;
  }
  // The listener has answered already what turned out to be malformed.
  if (res.destroyed || !req.socket.writable) return 0;
  const body = page === null ? errorJson(error) : page(error, requestId);
  const close = mustCloseAfterAnswer(req, res, awaitsContinue);
  const length = Buffer.byteLength(body);
  // Node keeps the reason phrase of a head that it has refused to write.
  res.writeHead(error.status, STATUS_CODES[error.status] ?? '', {
    'Content-Type': page === null ? 'application/json' : 'text/html; charset=utf-8',
    'Content-Length': length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(page === null ? {} : { 'Content-Security-Policy': ERROR_PAGE_POLICY }),
    'X-Request-Id': requestId,
    ...error.headers,
    ...(close ? { Connection: 'close' } : {}),
  });
  res.end(body);
  return req.method === 'HEAD' ? 0 : length;
}

export function errorJson(error: GatewayError): string {
  return JSON.stringify({ error: error.code, message: error.publicMessage });
}

/** Ends a connection in mid-answer. To HTTP/1.0 only its end delimits the answer, so a reset must tell that it was cut. */
function cut(req: IncomingMessage, res: ServerResponse): void {
  if (req.httpVersion === '1.0' && res.socket !== null) res.socket.resetAndDestroy();
  else res.destroy();
}
