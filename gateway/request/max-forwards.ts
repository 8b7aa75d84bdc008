import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../domain/errors.ts';
import { mustCloseAfterAnswer } from '../http/early-answer.ts';
import { allowOf, type RouteRules } from '../routing/table.ts';

/** Whether `Max-Forwards` applies to a method (RFC 9110 section 7.6.2). */
export function countsHops(method: string | undefined): boolean {
  return method === 'OPTIONS' || method === 'TRACE';
}

/**
 * Answers in place of the upstream: `Max-Forwards` of the request allows no further hop.
 *
 * @throws GatewayError 405 for TRACE, whose answer would reveal the fields that the gateway received
 */
export function answerAsLastHop(
  { req, res, requestId }: { req: IncomingMessage; res: ServerResponse; requestId: string },
  route: RouteRules,
): void {
  const allow = allowOf([route]);
  if (req.method !== 'OPTIONS') {
    throw new GatewayError('method_not_allowed', 'TRACE that is to go no further', { headers: { Allow: allow } });
  }
  const close = mustCloseAfterAnswer(req, res, false);
  res.writeHead(204, { Allow: allow, 'X-Request-Id': requestId, ...(close && { Connection: 'close' }) });
  res.end();
}
