import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError, payloadTooLarge } from '../domain/errors.ts';
import type { CreateAttempt } from './attempt.ts';
import { type ClientSide, IN_ONE_PIECE } from './client-side.ts';
import { Delivery } from './delivery.ts';
import type { Outgoing } from './outgoing.ts';
import { UndiciAttempt } from './undici/undici-attempt.ts';

const overUndici: CreateAttempt = (...request) => new UndiciAttempt(...request);

/**
 * Forwards a request of Node's HTTP server, by default through undici, and streams the answer to the client, with
 * back-pressure both ways. Resolves when the whole answer has been handed to the client's connection.
 *
 * @throws GatewayError as `Delivery` reports it, and 411, 413. Where `res.headersSent`, the answer has begun: the caller must
 *   cut the connection.
 */
export function forwardHttp(
  req: IncomingMessage,
  res: ServerResponse,
  outgoing: Outgoing,
  createAttempt: CreateAttempt = overUndici,
): Promise<void> {
  if (outgoing.requireLength && req.headers['transfer-encoding'] !== undefined) {
    throw new GatewayError('length_required', 'a chunked body on a route with requireLength');
  }
  requireSize(Number(req.headers['content-length'] ?? 0), outgoing);
  return new Promise((resolve, reject) => {
    const client = new NodeClient(req, res, resolve);
    const delivery = new Delivery(
      client,
      outgoing,
      (upstream, events) => createAttempt(req, res, outgoing, upstream, events),
      reject,
    );
    // Node emits `finish` before `close`.
    res.on('close', () => res.writableFinished || delivery.onClientGone());
    res.on('timeout', () => delivery.onClientIdle());
    delivery.start();
  });
}

/** @param length bytes of the request body. @throws GatewayError 413 */
export function requireSize(length: number, { maxBody }: Pick<Outgoing, 'maxBody'>): void {
  if (maxBody !== null && length > maxBody) throw payloadTooLarge(maxBody);
}

/** A client of Node's HTTP server. */
class NodeClient implements ClientSide {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #onFinished: () => void;

  constructor(req: IncomingMessage, res: ServerResponse, onFinished: () => void) {
    this.#req = req;
    this.#res = res;
    this.#onFinished = onFinished;
  }

  get method(): string {
    return this.#req.method ?? '';
  }

  get hasUnsent(): boolean {
    // Few as the bytes may be: Node calls a timeout once, and not again while the same write is pending.
    return this.#req.socket.writableLength > 0 || this.#res.writableEnded;
  }

  setIdleTimeout(ms: number): void {
    // Node resets the listener's own timeout with the next request, unless that request was pipelined.
    const { socket } = this.#req;
    if (socket.timeout !== ms) socket.setTimeout(ms);
  }

  sendContinue(): void {
    this.#res.writeContinue();
  }

  discardBody(): void {
    this.#req.resume();
  }

  end(last: Buffer | null): void {
    if (last === null) this.#res.end(this.#onFinished);
    else if (last.length > IN_ONE_PIECE) this.#res.end(last, this.#onFinished);
    // As Latin-1 text, which Node appends to the head and writes in one piece with it.
    else this.#res.end(last.toString('latin1'), 'latin1', this.#onFinished);
  }

  destroy(): void {
    this.#res.destroy();
  }
}
