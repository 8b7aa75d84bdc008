import { maxHeaderSize } from 'node:http';
import { GatewayError } from '../domain/errors.ts';

/** Codes of undici and Node for timeouts. */
const TOO_SLOW = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);

/** A 408 for a client that the upstream waits for. */
export function uploadStopped(): GatewayError {
  const headers = { Connection: 'close' };
  return new GatewayError('request_timeout', 'the client stopped sending its request body', { headers });
}

/**
 * Turns an error of a transport into an answer: 504 where the upstream was too slow, 502 where it refused, reset, or
 * answered something other than HTTP. A `GatewayError` is returned as it is. The detail does not name the upstream, which
 * has its own field in the log line.
 */
export function upstreamFailure(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = codeOf(error);
  const text = textOf(error);
  const detail = code === undefined ? text : inWords(code, text);
  return new GatewayError(TOO_SLOW.has(code ?? '') ? 'gateway_timeout' : 'bad_gateway', detail, { cause: error });
}

const HEAD_TOO_LONG = `the head of the answer is longer than ${maxHeaderSize} bytes`;

/** Plain words for the most frequent codes. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'name not found',
  EHOSTUNREACH: 'no route to the host',
  ERR_UPSTREAM_CLOSED: 'connection closed before the end of the answer',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_HEADERS_OVERFLOW: HEAD_TOO_LONG,
  HPE_HEADER_OVERFLOW: HEAD_TOO_LONG,
};

function inWords(code: string, text: string): string {
  // With HTTP/2, the text names the error of the stream or connection.
  const words = code.startsWith('ERR_HTTP2_') ? text : WORDS[code];
  return words === undefined ? code : `${words} (${code})`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Codes for the end of a connection, or of an HTTP/2 stream. */
const LOST = new Set([
  ...['UND_ERR_SOCKET', 'ECONNRESET', 'ERR_UPSTREAM_RESET', 'ERR_UPSTREAM_CLOSED', 'EPIPE'],
  ...['UND_ERR_INFO', 'ERR_HTTP2_STREAM_ERROR', 'ERR_HTTP2_SESSION_ERROR'],
]);

/** Whether a transport failed because its connection ended, rather than by a deadline or a bad answer. */
export function isConnectionLost(error: unknown): boolean {
  return LOST.has(codeOf(error) ?? '');
}

/** Node reports an AggregateError where it tried several addresses of a name: the first of its errors has the code. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
