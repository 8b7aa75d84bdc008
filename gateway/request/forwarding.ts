import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Ended, Identity } from '../domain/identity.ts';
import type { RequestRecord } from '../domain/request-record.ts';
import { forwardHttp } from '../forward/delivery.ts';
import { clientClosed } from '../forward/failure.ts';
import type { Outgoing } from '../forward/outgoing.ts';
import type { Head } from '../http/head.ts';
import type { ForwardDecision } from './admit.ts';
import type { Depart } from './departure.ts';
import { answerAsLastHop, countsHops } from './max-forwards.ts';
import { type OpenExchange, type OpenExchanges, voidMeanwhile } from './open-exchanges.ts';

/** A request whose head has been read. */
export interface Arrival {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly head: Head;
  readonly record: RequestRecord;
}

/** Resolves when the answer has been handed over in full, and rejects as `forwardHttp` does. */
export type Send = (outgoing: Outgoing) => Promise<void>;

/** @param send null: as `forwardHttp` does. What is wrong from the start is thrown at once. */
export type Forward = (arrival: Arrival, decision: ForwardDecision, send: Send | null) => Promise<void>;

/** The last stage: sends on what has been decided, and watches whether its credentials stay good meanwhile. */
export function createForward(depart: Depart, exchanges: OpenExchanges): Forward {
  return (arrival, decision, send) => {
    const { req, res, head, record } = arrival;
    // The listener has ended the connection when a body that came along with its head turned out to be malformed.
    if (!req.socket.writable) throw clientClosed();
    if (head.isLastHop && countsHops(req.method)) {
      answerAsLastHop({ req, res, requestId: record.id }, decision.route);
      return Promise.resolve();
    }
    const outgoing = depart(req, head, decision, record);
    const { identity } = decision;
    if (identity !== null) exchanges.begin(req.socket, new HttpExchange(arrival, identity));
    return send === null ? forwardHttp(req, res, outgoing) : send(outgoing);
  };
}

/** A class, since one is made for each request. */
class HttpExchange implements OpenExchange {
  readonly identity: Identity;
  readonly #arrival: Arrival;

  constructor(arrival: Arrival, identity: Identity) {
    this.#arrival = arrival;
    this.identity = identity;
  }

  get isOver(): boolean {
    return this.#arrival.res.closed;
  }

  /** One that only waits for its answer is left alone: it was good when it was sent. */
  end(reason: Ended): void {
    const { req, res, record } = this.#arrival;
    if (!res.headersSent && req.complete) return;
    record.failure = voidMeanwhile(reason);
    res.destroy();
  }

  /** It ends by itself, and the gateway waits for it. */
  goAway(): void {}
}
