import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../domain/errors.ts';
import { keepFields, type RawAnswerFields } from '../fields/raw-fields.ts';
import { mustCloseAfterAnswer } from '../http/early-answer.ts';
import { keepDisposition } from '../workarounds/node-head-octets.ts';
import { responseHeaders } from './headers/response-headers.ts';
import type { Outgoing } from './outgoing.ts';

/**
 * Requires the status of a final answer: 200 to 599 (RFC 9110 section 15). Any other is not HTTP: clients and caches could
 * only guess what became of the request.
 *
 * @param origin of the upstream, for the log
 * @throws GatewayError 502
 */
export function requireStatus(status: number | undefined, origin: string): void {
  if (status === undefined || status < 200 || status > 599) {
    throw new GatewayError('bad_gateway', `${origin}: ${status} as the status of an answer`);
  }
}

/** Interim answers to one request. */
const MOST_INTERIM = 100;

/** Limits the interim answers (1xx) to one request. Each gives the upstream time anew, so that the exchange could last forever. */
export class InterimCount {
  #count = 0;

  /** @throws GatewayError 502 if there are too many */
  add(): void {
    this.#count += 1;
    if (this.#count > MOST_INTERIM) throw new GatewayError('bad_gateway', `more than ${MOST_INTERIM} interim answers`);
  }
}

/**
 * Requires an answer without transfer coding, or with `chunked` alone. The field concerns the connection to the upstream
 * and is not passed on, so that the gateway would have to undo any other coding.
 *
 * @param transferEncoding the value of the field; an array where it is repeated
 * @throws GatewayError 502
 */
export function requireChunkedOrNone(transferEncoding: string | string[] | undefined): void {
  if (transferEncoding !== undefined && String(transferEncoding).toLowerCase() !== 'chunked') {
    throw new GatewayError('bad_gateway', 'Transfer-Encoding other than chunked');
  }
}

/** Replaces the characters that a reason phrase must not contain by `?` (RFC 9112 section 4). @param read as Latin-1 */
export function reasonPhrase(read: string): string {
  return SENDABLE.test(read) ? read : read.replace(UNSENDABLE, '?');
}

const SENDABLE = /^[\t\x20-\x7e\x80-\xff]*$/;
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/g;

/** The fields of an answer for the client. @param fields the upstream's */
export function answerFields(
  { requestId, decidesCors, answerChanges }: Outgoing,
  status: number,
  fields: RawAnswerFields,
): string[] {
  const passed = responseHeaders(fields, requestId, decidesCors, answerChanges);
  // RFC 9110 section 8.6: a 204 must not have a length.
  return status === 204 ? keepFields(passed, (name) => name !== 'content-length') : passed;
}

/** Writes the head of an upstream's answer to the client's response. @param fields the upstream's */
export function writeAnswerHead(
  req: IncomingMessage,
  res: ServerResponse,
  outgoing: Outgoing,
  status: number,
  reason: string,
  fields: RawAnswerFields,
): void {
  const headers = answerFields(outgoing, status, fields);
  if (outgoing.hasBody && mustCloseAfterAnswer(req, res, false)) headers.push('Connection', 'close');
  keepDisposition(headers);
  res.writeHead(status, reason, headers);
}
