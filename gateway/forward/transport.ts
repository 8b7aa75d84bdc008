import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayError } from '../domain/errors.ts';
import type { Outgoing } from './outgoing.ts';
import type { Upstream } from './upstream/upstream.ts';

/** One attempt at a request, over whichever transport, that carries the answer to the client's response. */
export interface Attempt {
  readonly upstream: Upstream;
  /** Whether it got a connection. */
  readonly isConnected: boolean;
  /** Whether the request may have been written to a connection, in part at least. */
  readonly isBegun: boolean;
  /** Whether anything of an answer has come. */
  readonly isAnswered: boolean;
  /** Whether some of the body has been taken from the client, to be sent. */
  readonly hasSentBody: boolean;
  /** Whether the answer is held up because the client does not read it. */
  readonly isPaused: boolean;
  /** Whether it is the client who is waited for, to send its request or to read its answer. */
  readonly waitsForClient: boolean;
  dispatch(): void;
  /** Ends it, and nothing more is heard of it. */
  abort(reason: GatewayError): void;
}

export interface AttemptEvents {
  /** The request is about to be written to a connection. */
  sendContinue(): void;
  /** The whole answer has been written to the client's response, but for its last piece, where there is one, and its end. */
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
