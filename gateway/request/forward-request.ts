import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Requirement } from '../access/requirement.ts';
import { clientClosed, GatewayError } from '../domain/errors.ts';
import type { Ended, Identity } from '../domain/identity.ts';
import type { RequestRecord } from '../domain/request-record.ts';
import { countsHops } from '../fields/max-forwards.ts';
import { forwardHttp } from '../forward/forward-http.ts';
import type { Outgoing } from '../forward/outgoing.ts';
import { mustCloseAfterAnswer } from '../http/early-answer.ts';
import { allowOf, type RouteRules } from '../routing/table.ts';
import type { ForwardDecision } from './admission.ts';
import type { IncomingRequest } from './incoming-request.ts';
import { endedMeanwhile, type OpenExchange, type OpenExchanges } from './open-exchanges.ts';
import type { PrepareOutgoing } from './prepare-outgoing.ts';

/** An HTTP request whose head has been read, its response, and its record for the log. */
export interface HttpExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly incoming: IncomingRequest;
  readonly record: RequestRecord;
}

/** Sends a request upstream. Resolves when the answer has been written in full; rejects as `forwardHttp`. */
export type Send = (outgoing: Outgoing) => Promise<void>;

/** @param send null: `forwardHttp`. @throws synchronously, and rejects, with a `GatewayError` that is still to be answered */
export type ForwardRequest = (exchange: HttpExchange, decision: ForwardDecision, send: Send | null) => Promise<void>;

/** The last stage: forwards an admitted request, and ends the exchange if its credentials become void meanwhile. */
export function createForwardRequest(prepareOutgoing: PrepareOutgoing, exchanges: OpenExchanges): ForwardRequest {
  return (exchange, decision, send) => {
    const { req, incoming, res, record } = exchange;
    // The listener has ended the connection if a body that came with its head is malformed.
    if (!req.socket.writable) throw clientClosed();
    if (incoming.head.isLastHop && countsHops(incoming.method)) {
      answerAsLastHop(exchange, decision.route);
      return Promise.resolve();
    }
    const outgoing = prepareOutgoing(incoming, decision, record);
    const { identity } = decision;
    if (identity !== null)
      exchanges.begin(req.socket, new OpenHttpExchange(exchange, identity, decision.route.requires));
    return send === null ? forwardHttp(req, res, outgoing) : send(outgoing);
  };
}

/**
 * Answers in place of the upstream: `Max-Forwards` of the request allows no further hop.
 *
 * @throws GatewayError 405 for TRACE, whose answer would reveal the fields that the gateway received
 */
function answerAsLastHop({ req, res, record }: HttpExchange, route: RouteRules): void {
  const allow = allowOf([route]);
  if (req.method !== 'OPTIONS') {
    throw new GatewayError('method_not_allowed', 'TRACE that is to go no further', { headers: { Allow: allow } });
  }
  const close = mustCloseAfterAnswer(req, res, false);
  const { rateLimit } = record;
  res.writeHead(204, {
    Allow: allow,
    'X-Request-Id': record.id,
    ...(rateLimit !== null && { 'RateLimit-Policy': rateLimit.policy, RateLimit: rateLimit.state }),
    ...(close && { Connection: 'close' }),
  });
  res.end();
}

/** A class, since one is made for each request. */
class OpenHttpExchange implements OpenExchange {
  readonly identity: Identity;
  readonly requires: Requirement | null;
  readonly #exchange: HttpExchange;

  constructor(exchange: HttpExchange, identity: Identity, requires: Requirement | null) {
    this.#exchange = exchange;
    this.identity = identity;
    this.requires = requires;
  }

  get isOver(): boolean {
    return this.#exchange.res.closed;
  }

  /** Leaves a complete request that waits for its answer: its credentials were valid when it was sent. */
  cutOff(reason: Ended): void {
    const { req, res, record } = this.#exchange;
    if (!res.headersSent && req.complete) return;
    record.failure = endedMeanwhile(reason);
    res.destroy();
  }

  /** Nothing: HTTP exchanges end by themselves, and shutdown waits for these. */
  goAway(): void {}
}
