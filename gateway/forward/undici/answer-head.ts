import type { IncomingMessage, ServerResponse } from 'node:http';
import { keepFields, type RawAnswerFields } from '../../fields/raw-fields.ts';
import { mustCloseAfterAnswer } from '../../http/early-answer.ts';
import { keepDisposition } from '../../workarounds/node-head-octets.ts';
import { responseHeaders } from '../headers/response-headers.ts';
import type { Outgoing } from '../outgoing.ts';

/** Writes the head of an upstream's answer to the client's response. @param fields the upstream's */
export function writeAnswerHead(
  req: IncomingMessage,
  res: ServerResponse,
  { requestId, decidesCors, answerChanges, hasBody }: Outgoing,
  status: number,
  reason: string,
  fields: RawAnswerFields,
): void {
  let headers = responseHeaders(fields, requestId, decidesCors, answerChanges);
  // RFC 9110 section 8.6: a 204 must not have a length.
  if (status === 204) headers = keepFields(headers, (name) => name !== 'content-length');
  if (hasBody && mustCloseAfterAnswer(req, res, false)) headers.push('Connection', 'close');
  keepDisposition(headers);
  res.writeHead(status, reason, headers);
}
