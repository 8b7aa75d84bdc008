import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../errors.ts';
import { mustCloseAfterAnswer } from '../forward/early-answer.ts';

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
 * @param html whether a person's browser asked, outside the API
 * @param awaitsContinue whether the client holds its body back until it hears `100 Continue`
 */
export function answerError(
  req: IncomingMessage,
  res: ServerResponse,
  error: GatewayError,
  { requestId, html, awaitsContinue }: { requestId: string; html: boolean; awaitsContinue: boolean },
): void {
  if (res.headersSent) {
    cut(req, res);
    return;
  }
  // The listener has answered already what turned out to be malformed.
  if (res.destroyed || !req.socket.writable) return;
  const body = html ? errorPage(error, requestId) : errorJson(error);
  const close = mustCloseAfterAnswer(req, res, awaitsContinue);
  res.writeHead(error.status, {
    'Content-Type': html ? 'text/html; charset=utf-8' : 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(html ? { 'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'" } : {}),
    'X-Request-Id': requestId,
    ...error.headers,
    ...(close ? { Connection: 'close' } : {}),
  });
  res.end(body);
}

export function errorJson(error: GatewayError): string {
  return JSON.stringify({ error: error.code, message: error.publicMessage });
}

/** Ends a connection in mid-answer. To HTTP/1.0 only its end delimits the answer, so a reset must tell that it was cut. */
function cut(req: IncomingMessage, res: ServerResponse): void {
  if (req.httpVersion === '1.0' && res.socket !== null) res.socket.resetAndDestroy();
  else res.destroy();
}

function errorPage(error: GatewayError, requestId: string): string {
  const message = escapeHtml(error.publicMessage);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${error.status} ${message}</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 20vh auto 0; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
p { margin: 0; opacity: .75; }
</style>
</head>
<body>
<main>
<h1>${message}</h1>
<p>Error ${error.status}. Request ${escapeHtml(requestId)}.</p>
</main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
