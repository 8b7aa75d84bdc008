import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { badRequest, clientClosed, payloadTooLarge } from '../domain/errors.ts';
import { uploadStopped } from './failure.ts';
import type { Outgoing, Tally } from './outgoing.ts';

/** Bytes that may wait for the upstream: several pieces, so that reading does not stop after each. */
const MOST_AHEAD = 262_144;

/** The peer that the transfer of a body waits for: the client to send more, or the upstream to read it and to answer. */
export type Turn = 'client' | 'upstream';

/**
 * The body of a client's request as a stream that the transport may destroy.
 *
 * A transport destroys its body when the upstream answers early or fails. An `IncomingMessage` would take the client's
 * connection with it, and the client would not get its answer: the transport destroys this stream instead, and the request
 * is drained. Back-pressure passes through. A client that sends nothing for `idle` ms while the upstream waits for it gets
 * 408.
 */
export class RequestBody extends Readable {
  readonly #req: IncomingMessage;
  readonly #idle: number;
  readonly #most: number | null;
  readonly #tally: Tally;
  readonly #onTurn: (turn: Turn) => void;
  #timer: NodeJS.Timeout | undefined;
  #size = 0;
  /** Whether the transport has got any of the body, or its end. Before that, another server can still get it. */
  isBegun = false;
  turn: Turn = 'upstream';

  /**
   * @param outgoing has the idle deadline, and the most bytes: 413 beyond them
   * @param onTurn is called at each change of the turn, once the transport reads the body
   */
  constructor(
    req: IncomingMessage,
    { deadlines, maxBody, tally }: Pick<Outgoing, 'deadlines' | 'maxBody' | 'tally'>,
    onTurn: (turn: Turn) => void,
  ) {
    super({ highWaterMark: MOST_AHEAD });
    this.#req = req;
    this.#idle = deadlines.idle;
    this.#most = maxBody;
    this.#tally = tally;
    this.#onTurn = onTurn;
    // Transports stop listening after a failure, and an `error` event without a listener ends the process.
    this.on('error', () => {});
    req.on('data', this.#onData);
    req.on('end', this.#onEnd);
    req.on('close', this.#onClose);
    req.socket.on('finish', this.#onRefused);
    req.pause();
  }

  override _read(): void {
    this.#req.resume();
    this.#setTurn('client');
    if (this.#timer === undefined) this.#timer = setTimeout(this.#onIdle, this.#idle).unref();
    else this.#timer.refresh();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#req.off('data', this.#onData);
    this.#req.off('end', this.#onEnd);
    this.#req.off('close', this.#onClose);
    this.#req.socket.off('finish', this.#onRefused);
    if (this.isBegun) this.#req.resume();
    else this.#req.pause();
    callback(error);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#size += chunk.length;
    this.#tally.received += chunk.length;
    if (this.#most !== null && this.#size > this.#most) {
      this.destroy(payloadTooLarge(this.#most));
      return;
    }
    this.isBegun = true;
    if (this.push(chunk)) {
      this.#timer?.refresh();
    } else {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#req.pause();
      this.#setTurn('upstream');
    }
  };

  readonly #onEnd = (): void => {
    clearTimeout(this.#timer);
    this.isBegun = true;
    this.#setTurn('upstream');
    this.push(null);
  };

  #setTurn(turn: Turn): void {
    if (this.turn === turn) return;
    this.turn = turn;
    this.#onTurn(turn);
  }

  readonly #onClose = (): void => {
    if (!this.#req.complete) this.destroy(clientClosed());
  };

  /** The parser found the body malformed or truncated, and the client has its answer. */
  readonly #onRefused = (): void => {
    if (this.#req.complete) return;
    const hasLeft = this.#req.socket.readableEnded;
    this.destroy(hasLeft ? clientClosed() : badRequest('The request body is malformed'));
  };

  readonly #onIdle = (): void => {
    this.destroy(uploadStopped());
  };
}
