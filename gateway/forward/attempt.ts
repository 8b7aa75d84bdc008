import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayError } from '../domain/errors.ts';
import type { Outgoing } from './outgoing.ts';
import type { Upstream } from './upstream/upstream.ts';

/** How far an attempt has come, and so whether another one may follow it. */
export type Progress =
  /** It has no connection. */
  | 'waiting'
  /** It has a connection, to which nothing has been written. */
  | 'connected'
  /** Some of the request may have been written. */
  | 'begun'
  /** Some of the client's body has been handed to the transport. */
  | 'body taken'
  /** Any part of an answer, 1xx included, has arrived. */
  | 'answered';

/** One attempt to send a request over a transport. It writes the answer to the client's response. */
export interface Attempt {
  readonly upstream: Upstream;
  readonly progress: Progress;
  /** Whether the answer is paused because the client does not read it. */
  readonly isPaused: boolean;
  /** Whether the attempt waits for the client, to send its request or to read its answer. */
  readonly waitsForClient: boolean;
  dispatch(): void;
  /** Ends the attempt, without any further event. */
  abort(reason: GatewayError): void;
}

export interface AttemptEvents {
  /** The request is about to be written to a connection. */
  sendContinue(): void;
  /** The answer has been written to the client's response, except its last piece, if any, and its end. */
  onAnswered(last: Buffer | null): void;
  onFailed(error: GatewayError): void;
}

/** Prepares an attempt over one transport; `dispatch` begins it. */
export type CreateAttempt = (
  req: IncomingMessage,
  res: ServerResponse,
  outgoing: Outgoing,
  upstream: Upstream,
  events: AttemptEvents,
) => Attempt;
