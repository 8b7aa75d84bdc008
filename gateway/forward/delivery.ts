import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError, payloadTooLarge } from '../domain/errors.ts';
import { clientClosed, isConnectionLost } from './failure.ts';
import type { Outgoing } from './outgoing.ts';
import type { Attempt, AttemptEvents, Transport } from './transport.ts';
import { UndiciAttempt } from './undici/attempt.ts';
import type { Upstream } from './upstream/upstream.ts';

/** RFC 9110 section 9.2.2: to receive it twice is as good as to receive it once. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Forwards a request, through undici unless told otherwise, and streams the answer back, with back-pressure both ways.
 *
 * What reached no server is tried again with another one; what is idempotent and got no answer is too, also with the
 * same server, whose idle connection may have been closed at just that moment. A body is sent once: when some of it has
 * been, there is no further attempt.
 *
 * Resolves when the answer has been handed over in full.
 *
 * @throws GatewayError 502, 504, 408, 411, 413, or 499 when the client went away. When `res.headersSent`, the answer had
 *   begun: the connection must then be cut, so that what is truncated looks truncated.
 */
export function forwardHttp(
  req: IncomingMessage,
  res: ServerResponse,
  outgoing: Outgoing,
  transport: Transport = overUndici,
): Promise<void> {
  const { maxBody, requireLength } = outgoing;
  if (requireLength && req.headers['transfer-encoding'] !== undefined) {
    throw new GatewayError('length_required', 'a chunked body on a route with requireLength');
  }
  if (maxBody !== null && Number(req.headers['content-length'] ?? 0) > maxBody) throw payloadTooLarge(maxBody);
  return new Promise((resolve, reject) => new Delivery(req, res, outgoing, transport, resolve, reject).start());
}

/** Bytes of an answer that are copied, so that they can be written together with its head. */
const IN_ONE_PIECE = 16_384;

const overUndici: Transport = (...request) => new UndiciAttempt(...request);

/** One request until its answer is delivered, in one attempt or several. A class, since one is made for each request. */
class Delivery implements AttemptEvents {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #outgoing: Outgoing;
  readonly #transport: Transport;
  readonly #resolve: () => void;
  readonly #reject: (error: GatewayError) => void;
  readonly #tried: Upstream[] = [];
  #attempt: Attempt | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Where it has a place, or had none yet: what ends the wait for one. */
  #place: Upstream | undefined;
  #stopWaiting: (() => void) | undefined;
  #hasContinued = false;
  #isOver = false;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    outgoing: Outgoing,
    transport: Transport,
    resolve: () => void,
    reject: (error: GatewayError) => void,
  ) {
    this.#req = req;
    this.#res = res;
    this.#outgoing = outgoing;
    this.#transport = transport;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    const { group, deadlines } = this.#outgoing;
    const { socket } = this.#req;
    // Node goes back to the listener's own with the next request, unless that was sent ahead.
    if (socket.timeout !== deadlines.idle) socket.setTimeout(deadlines.idle);
    this.#res.on('close', () => this.#onClientClose());
    this.#res.on('timeout', () => this.#onSocketIdle());
    if (deadlines.request !== null) this.#timer = setTimeout(() => this.#onOverdue(), deadlines.request);
    group.retryBudget.earn();
    const upstream = group.next();
    if (upstream === null) this.#wait();
    else this.#send(upstream);
  }

  #wait(): void {
    this.#stopWaiting = this.#outgoing.group.wait({
      onPlace: (upstream) => this.#send(upstream),
      onOverdue: (error) => this.#fail(error),
    });
  }

  #leave(): void {
    this.#stopWaiting?.();
    const place = this.#place;
    this.#place = undefined;
    if (place !== undefined) this.#outgoing.group.leave(place);
  }

  /** @param upstream where it has a place */
  #send(upstream: Upstream): void {
    this.#place = upstream;
    this.#tried.push(upstream);
    try {
      this.#attempt = this.#transport(this.#req, this.#res, this.#outgoing, upstream, this);
      this.#attempt.dispatch();
    } catch (thrown) {
      // Whoever has made place for this one must not hear of it.
      const unexpected = new GatewayError('internal_error', 'unexpected error', { cause: thrown });
      this.#fail(thrown instanceof GatewayError ? thrown : unexpected);
    }
  }

  /** The client hears it once, when there is somebody who will read the body. */
  sendContinue(): void {
    if (!this.#outgoing.awaitsContinue || this.#hasContinued) return;
    this.#hasContinued = true;
    this.#res.writeContinue();
  }

  onAnswered(last: Buffer | null): void {
    this.#isOver = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    // What is still to come of the body is read and thrown away.
    if (this.#outgoing.hasBody) this.#req.resume();
    if (last !== null) this.#outgoing.tally.sent += last.length;
    if (last === null) this.#res.end(this.#resolve);
    else if (last.length > IN_ONE_PIECE) this.#res.end(last, this.#resolve);
    // As text of one byte a character, which Node puts behind the head and writes with it, in one piece.
    else this.#res.end(last.toString('latin1'), 'latin1', this.#resolve);
    this.#leave();
  }

  onFailed(error: GatewayError): void {
    if (this.#isOver) return;
    const next = this.#nextAfter(error);
    if (next === null) {
      this.#fail(error);
      return;
    }
    if (next !== this.#place) this.#leave();
    this.#send(next);
  }

  /** @returns who gets the next attempt, or null: the failure stands */
  #nextAfter(error: GatewayError): Upstream | null {
    const attempt = this.#attempt;
    if (attempt === undefined || error.fault !== 'upstream' || attempt.isAnswered || attempt.hasSentBody) return null;
    const isLost = isConnectionLost(error.cause);
    if (attempt.isBegun && !(isLost && IDEMPOTENT.has(this.#req.method ?? ''))) return null;
    const { group } = this.#outgoing;
    if (this.#tried.length > group.settings.retries.attempts || !group.retryBudget.hasRetry()) return null;
    const next = group.another(this.#tried) ?? (attempt.isConnected && isLost ? attempt.upstream : null);
    if (next !== null) group.retryBudget.spend();
    return next;
  }

  #fail(error: GatewayError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    // What nobody reads any more must not keep the client from reading its answer.
    this.#req.resume();
    this.#reject(error);
    this.#leave();
  }

  #onClientClose(): void {
    // Node says that it is finished before that it is closed: it has been resolved then.
    if (this.#res.writableFinished) return;
    this.#reject(clientClosed());
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#attempt?.abort(clientClosed());
    this.#leave();
  }

  #onOverdue(): void {
    const attempt = this.#attempt;
    const detail = `not done after ${this.#outgoing.deadlines.request} ms`;
    const overdue = attempt?.waitsForClient
      ? new GatewayError('request_timeout', `${detail}, for the client`, { headers: { Connection: 'close' } })
      : new GatewayError('gateway_timeout', detail);
    attempt?.abort(overdue);
    this.#fail(overdue);
  }

  /** Nothing has moved on the client's connection for as long as it may: whose turn is it? */
  #onSocketIdle(): void {
    if (!this.#res.writableEnded && !this.#attempt?.isPaused) return;
    this.#reject(new GatewayError('request_timeout', 'the client stopped reading the answer'));
    this.#res.destroy();
  }
}
