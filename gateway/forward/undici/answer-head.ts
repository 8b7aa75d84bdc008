import type { IncomingMessage, ServerResponse } from 'node:http';
import { mustCloseAfterAnswer } from '../../http/early-answer.ts';
import { keepDisposition } from '../../workarounds/node-head-octets.ts';
import { responseHeaders } from '../headers/headers.ts';
import type { Outgoing } from '../outgoing.ts';

/**
 * Writes the head of an upstream's answer to the client's response.
 *
 * @param fields the upstream's, flat
 */
export function writeAnswerHead(
  req: IncomingMessage,
  res: ServerResponse,
  { requestId, decidesCors, answerChanges, hasBody }: Outgoing,
  status: number,
  reason: string,
  fields: readonly (Buffer | string)[],
): void {
  const headers = responseHeaders(fields, requestId, decidesCors, answerChanges);
  // RFC 9110 section 8.6: a 204 must not have a length.
  if (status === 204) withoutLength(headers);
  if (hasBody && mustCloseAfterAnswer(req, res, false)) headers.push('Connection', 'close');
  keepDisposition(headers);
  res.writeHead(status, reason, headers);
}

/** @param fields flat; changed in place */
function withoutLength(fields: string[]): void {
  for (let i = fields.length - 2; i >= 0; i -= 2) {
    if (fields[i]?.toLowerCase() === 'content-length') fields.splice(i, 2);
  }
}
