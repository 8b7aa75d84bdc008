import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { badRequest, GatewayError } from '../domain/errors.ts';
import type { RequestRecord } from '../domain/request-record.ts';
import type { MessageReader } from './message-reader.ts';
import type { Refusals } from './refusals.ts';

/** The state of one connection. */
export interface Turn {
  /** The answer to the newest request. */
  answering: ServerResponse | null;
  /** The log record of that request; null while it waits for its turn. */
  record: RequestRecord | null;
  /** What is wrong with the body of that request, found while it waits. */
  fault: GatewayError | null;
  /** The records of waiting requests, for the log in case they never start; null: none has ever waited. */
  ahead: Set<RequestRecord> | null;
  reader: MessageReader | null;
}

export interface Pipelining {
  turnOf(socket: Duplex): Turn;
  /** @returns the answer to a connection's newest request */
  answering(socket: Duplex): ServerResponse | null;
  /**
   * Starts a request once the answer before it is complete. Started at once, a read could overtake the write before it
   * (RFC 9112 section 9.3.2), an upgrade could write into another request's answer, and a client that leaves would go
   * unnoticed for the requests that wait.
   *
   * @param before the answer to the request before it on the same connection
   */
  inTurn(
    req: IncomingMessage,
    socket: Duplex,
    place: { readonly turn: Turn; readonly before: ServerResponse | null },
    start: () => void,
  ): void;
}

/** Requests that a connection may pipeline: few clients pipeline at all, and each request takes far more memory than bytes. */
const MOST_AHEAD = 100;

/** Keeps the requests of each connection in order: pipelined requests wait for the answers before them. */
export function createPipelining({ recordOf, neverStarted }: Refusals): Pipelining {
  const turns = new WeakMap<Duplex, Turn>();

  const aheadOf = (turn: Turn, socket: Duplex): Set<RequestRecord> => {
    if (turn.ahead !== null) return turn.ahead;
    const ahead = new Set<RequestRecord>();
    turn.ahead = ahead;
    // The answers before them may never emit `close`. Once for a connection: it may pipeline for days.
    socket.once('close', () => {
      for (const record of ahead) neverStarted(record, outOfTurn());
      ahead.clear();
    });
    return ahead;
  };

  return {
    turnOf(socket) {
      const known = turns.get(socket);
      if (known !== undefined) return known;
      const turn: Turn = { answering: null, record: null, fault: null, ahead: null, reader: null };
      turns.set(socket, turn);
      return turn;
    },
    answering: (socket) => turns.get(socket)?.answering ?? null,
    inTurn(req, socket, { turn, before }, start) {
      if (before === null || before.closed) {
        // After an answer that ended the connection, further requests get no answer and must not be executed.
        if (socket.writable) start();
        else neverStarted(recordOf(req), outOfTurn());
        return;
      }
      const record = recordOf(req);
      const ahead = aheadOf(turn, socket);
      if (ahead.size === MOST_AHEAD) {
        neverStarted(record, badRequest(`More than ${MOST_AHEAD} requests were sent ahead of their answers`));
        socket.destroy();
        return;
      }
      ahead.add(record);
      before.once('close', () => {
        if (socket.writable && ahead.delete(record)) start();
      });
    },
  };
}

/** The failure of a request that was sent ahead, and whose connection ended before its turn. */
export function outOfTurn(): GatewayError {
  return new GatewayError('client_closed', 'the connection ended before this pipelined request started');
}
