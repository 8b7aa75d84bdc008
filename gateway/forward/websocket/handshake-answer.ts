import type { IncomingMessage } from 'node:http';
import { keepFields, nameAt, type RawFields, valueAt, valuesOf } from '../../fields/raw-fields.ts';
import { withoutTokens } from '../../fields/web-socket-token.ts';
import { requireChunkedOrNone, requireStatus } from '../answer-head.ts';
import { rewrittenFields } from '../headers/answer-rewrite.ts';
import { responseHeaders } from '../headers/response-headers.ts';
import type { Outgoing } from '../outgoing.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** The fields of an answer, by name in the upstream's spelling; a list where a field is repeated. */
type SpelledFields = Record<string, string | string[]>;

/**
 * The fields for the client of a 101 to its WebSocket handshake: those of any answer, and the two that name the protocol.
 *
 * Refuses a 101 that RFC 6455 section 4.1 does not let a client accept. A tunnel after it would carry requests past the
 * gateway (request smuggling): over another protocol, such as `h2c` (RFC 9113), or over HTTP/1 after a 101 that one of the
 * two sides reads with a body (RFC 9110 sections 6.4.1 and 8.6). The client verifies the value of `Sec-WebSocket-Accept`.
 *
 * @throws Error that says what is wrong with the 101
 */
export function openingFields(answer: IncomingMessage, outgoing: Outgoing, upstream: Upstream): SpelledFields {
  const protocols = valuesOf(answer.rawHeaders, 'upgrade');
  if (protocols.length !== 1 || protocols[0]?.trim().toLowerCase() !== 'websocket') {
    throw new Error('101 to another protocol than websocket');
  }
  for (const name of ['content-length', 'transfer-encoding']) {
    if (valuesOf(answer.rawHeaders, name).length > 0) throw new Error(`101 with ${name}`);
  }
  if (valuesOf(answer.rawHeaders, 'sec-websocket-protocol').some((value) => withoutTokens(value) !== value)) {
    throw new Error('101 with a token in Sec-WebSocket-Protocol');
  }
  const fields = clientFields(answer, outgoing, upstream);
  if (valuesOf(fields, 'sec-websocket-accept').filter((value) => value !== '').length !== 1) {
    throw new Error('101 without one Sec-WebSocket-Accept');
  }
  return { Upgrade: 'websocket', Connection: 'Upgrade', ...spelled(fields) };
}

/**
 * The fields for the client of a refusal of its handshake. Those that frame the body are in lower case, as
 * http-proxy-middleware reads them.
 *
 * @throws GatewayError 502 that says what is wrong with the answer
 */
export function refusalFields(answer: IncomingMessage, outgoing: Outgoing, upstream: Upstream): SpelledFields {
  requireStatus(answer.statusCode, upstream.origin);
  const coding = answer.headers['transfer-encoding'];
  requireChunkedOrNone(coding);
  const fields = clientFields(answer, outgoing, upstream);
  const [length] = valuesOf(fields, 'content-length');
  return {
    ...spelled(keepFields(fields, (name) => name !== 'content-length')),
    ...(length !== undefined && { 'content-length': length }),
    ...(coding !== undefined && { 'transfer-encoding': coding }),
  };
}

function clientFields(
  { rawHeaders, statusCode = 0 }: IncomingMessage,
  outgoing: Outgoing,
  upstream: Upstream,
): string[] {
  const rewritten = rewrittenFields(rawHeaders, statusCode, outgoing, upstream);
  // CORS does not apply to handshakes.
  return responseHeaders(rewritten, outgoing.requestId, false, outgoing.answerChanges);
}

function spelled(fields: RawFields): SpelledFields {
  const byName: SpelledFields = Object.create(null);
  const spellings = new Map<string, string>();
  for (let at = 0; at < fields.length; at += 2) {
    const written = nameAt(fields, at);
    const lower = written.toLowerCase();
    const name = spellings.get(lower) ?? written;
    spellings.set(lower, name);
    const before = byName[name];
    const value = valueAt(fields, at);
    byName[name] = before === undefined ? value : [before].flat().concat(value);
  }
  return byName;
}
