import { maxHeaderSize } from 'node:http';
import { GatewayError } from '../domain/errors.ts';

/** Codes of undici and of Node that mean: it took too long. */
const TOO_SLOW = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);

/** The client went away: nobody is left to answer, and the upstream is not to blame. */
export function clientClosed(): GatewayError {
  return new GatewayError('client_closed', 'the client closed the connection');
}

/**
 * Turns what a transport reports into the answer it deserves: 504 when the upstream was too slow, 502 when it refused,
 * reset, or answered what is not HTTP. A `GatewayError` (such as a client that went away) is passed on. Which upstream it
 * was, the log line says by itself.
 */
export function upstreamFailure(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = codeOf(error);
  const text = textOf(error);
  const detail = code === undefined ? text : inWords(code, text);
  return new GatewayError(TOO_SLOW.has(code ?? '') ? 'gateway_timeout' : 'bad_gateway', detail, { cause: error });
}

const HEAD_TOO_LONG = `the head of the answer is longer than ${maxHeaderSize} bytes`;

/** What operators meet most, in words. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'name not found',
  EHOSTUNREACH: 'no route to the host',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_HEADERS_OVERFLOW: HEAD_TOO_LONG,
  HPE_HEADER_OVERFLOW: HEAD_TOO_LONG,
};

function inWords(code: string, text: string): string {
  // In HTTP/2 it is the text that names the error of the stream or the connection.
  const words = code.startsWith('ERR_HTTP2_') ? text : WORDS[code];
  return words === undefined ? code : `${words} (${code})`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Codes that mean: the connection ended, or with HTTP/2 the stream. */
const LOST = new Set([
  ...['UND_ERR_SOCKET', 'ECONNRESET', 'ERR_UPSTREAM_RESET', 'EPIPE'],
  ...['UND_ERR_INFO', 'ERR_HTTP2_STREAM_ERROR', 'ERR_HTTP2_SESSION_ERROR'],
]);

/** Whether what a transport reports is the end of a connection, rather than a deadline or a bad answer. */
export function isConnectionLost(error: unknown): boolean {
  return LOST.has(codeOf(error) ?? '');
}

/** Node tries several addresses of a name and then reports an AggregateError: the first of its errors names the cause. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
