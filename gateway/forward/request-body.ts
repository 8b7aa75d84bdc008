import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { GatewayError } from '../errors.ts';
import { clientClosed } from './failure.ts';

/**
 * The body of a client's request as a stream that the transport may destroy.
 *
 * A transport destroys the body that it was given when the upstream answers early or fails. Destroying an
 * `IncomingMessage` destroys the client's connection with it, and the client would never read its answer: so the
 * transport gets this stream, and the request is only drained. Back-pressure passes through; a client that sends
 * nothing for `idle` ms while the upstream waits for it ends with 408.
 */
export class RequestBody extends Readable {
  readonly #req: IncomingMessage;
  readonly #idle: number;
  readonly #most: number | null;
  #timer: NodeJS.Timeout | undefined;
  #size = 0;
  /** Whether the transport has begun to send it. */
  hasBeenRead = false;

  /**
   * @param idle milliseconds
   * @param most bytes, beyond which it ends with 413; null: any number
   */
  constructor(req: IncomingMessage, idle: number, most: number | null) {
    super();
    this.#req = req;
    this.#idle = idle;
    this.#most = most;
    // Transports stop listening once they have reported a failure, and an error that nobody hears ends the process.
    this.on('error', () => {});
    req.on('data', this.#onData);
    req.on('end', this.#onEnd);
    req.on('close', this.#onClose);
    req.pause();
  }

  override _read(): void {
    this.hasBeenRead = true;
    this.#req.resume();
    if (this.#timer === undefined) this.#timer = setTimeout(this.#onIdle, this.#idle).unref();
    else this.#timer.refresh();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#req.off('data', this.#onData);
    this.#req.off('end', this.#onEnd);
    this.#req.off('close', this.#onClose);
    // One that nobody has begun to read can still be sent to another server.
    if (this.hasBeenRead) this.#req.resume();
    callback(error);
  }

  #onData = (chunk: Buffer): void => {
    this.#size += chunk.length;
    if (this.#most !== null && this.#size > this.#most) {
      this.destroy(bodyTooLarge(this.#most));
      return;
    }
    if (this.push(chunk)) {
      this.#timer?.refresh();
    } else {
      // The upstream is the one who is waited for now, and has deadlines of its own.
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#req.pause();
    }
  };

  #onEnd = (): void => {
    clearTimeout(this.#timer);
    this.push(null);
  };

  #onClose = (): void => {
    if (!this.#req.complete) this.destroy(clientClosed());
  };

  #onIdle = (): void => {
    const headers = { Connection: 'close' };
    this.destroy(new GatewayError('request_timeout', 'the client stopped sending its request body', { headers }));
  };
}

/** @param most bytes */
export function bodyTooLarge(most: number): GatewayError {
  return new GatewayError('payload_too_large', `more than ${most} bytes`);
}
