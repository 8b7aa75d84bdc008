import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayError } from '../domain/errors.ts';
import type { Outgoing } from './outgoing.ts';
import type { Upstream } from './upstream/upstream.ts';

/** One attempt to send a request over a transport. It writes the answer to the client's response. */
export interface Attempt {
  readonly upstream: Upstream;
  /** Whether the attempt has a connection. */
  readonly isConnected: boolean;
  /** Whether the request may have been written to a connection, at least in part. */
  readonly isBegun: boolean;
  /** Whether any part of an answer, 1xx included, has arrived. */
  readonly isAnswered: boolean;
  /** Whether some of the client's body has been handed to the transport. */
  readonly hasSentBody: boolean;
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
export type Transport = (
  req: IncomingMessage,
  res: ServerResponse,
  outgoing: Outgoing,
  upstream: Upstream,
  events: AttemptEvents,
) => Attempt;
