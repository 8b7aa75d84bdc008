import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientClosed, GatewayError, payloadTooLarge } from '../domain/errors.ts';
import type { Attempt, AttemptEvents, CreateAttempt } from './attempt.ts';
import { isConnectionLost } from './failure.ts';
import type { Outgoing } from './outgoing.ts';
import { UndiciAttempt } from './undici/undici-attempt.ts';
import type { Upstream } from './upstream/upstream.ts';

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Forwards a request, by default through undici, and streams the answer to the client, with back-pressure both ways.
 *
 * A request that reached no server is retried at another one. So is an idempotent request without an answer, also at the
 * same server, which may have closed the idle connection at that moment. A request is not retried once some of its body
 * was sent.
 *
 * Resolves when the whole answer has been handed to the client's connection.
 *
 * @throws GatewayError 502, 504, 408, 411, 413, or 499 when the client left. Where `res.headersSent`, the answer has begun:
 *   the caller must cut the connection, so that the client sees a truncated answer as truncated.
 */
export function forwardHttp(
  req: IncomingMessage,
  res: ServerResponse,
  outgoing: Outgoing,
  createAttempt: CreateAttempt = overUndici,
): Promise<void> {
  const { maxBody, requireLength } = outgoing;
  if (requireLength && req.headers['transfer-encoding'] !== undefined) {
    throw new GatewayError('length_required', 'a chunked body on a route with requireLength');
  }
  if (maxBody !== null && Number(req.headers['content-length'] ?? 0) > maxBody) throw payloadTooLarge(maxBody);
  return new Promise((resolve, reject) => new Delivery(req, res, outgoing, createAttempt, resolve, reject).start());
}

/** Bytes up to which an answer is copied, to be written in one piece with its head. */
const IN_ONE_PIECE = 16_384;

const overUndici: CreateAttempt = (...request) => new UndiciAttempt(...request);

/** One request until its answer is delivered, in one or more attempts. A class: one is made for each request. */
class Delivery implements AttemptEvents {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #outgoing: Outgoing;
  readonly #createAttempt: CreateAttempt;
  readonly #resolve: () => void;
  readonly #reject: (error: GatewayError) => void;
  readonly #tried: Upstream[] = [];
  #attempt: Attempt | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The server that has a place for the request. */
  #place: Upstream | undefined;
  /** Cancels the wait for a place. */
  #stopWaiting: (() => void) | undefined;
  #hasContinued = false;
  #isOver = false;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    outgoing: Outgoing,
    createAttempt: CreateAttempt,
    resolve: () => void,
    reject: (error: GatewayError) => void,
  ) {
    this.#req = req;
    this.#res = res;
    this.#outgoing = outgoing;
    this.#createAttempt = createAttempt;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    const { group, deadlines } = this.#outgoing;
    const { socket } = this.#req;
    // Node resets the listener's own timeout with the next request, unless that request was pipelined.
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

  /** @param upstream has a place for the request */
  #send(upstream: Upstream): void {
    this.#place = upstream;
    this.#tried.push(upstream);
    try {
      this.#attempt = this.#createAttempt(this.#req, this.#res, this.#outgoing, upstream, this);
      this.#attempt.dispatch();
    } catch (thrown) {
      // A place may come from the end of another request, which this error must not reach.
      const unexpected = new GatewayError('internal_error', 'unexpected error', { cause: thrown });
      this.#fail(thrown instanceof GatewayError ? thrown : unexpected);
    }
  }

  /** Sends 100 to the client, once, when an upstream will read the body. */
  sendContinue(): void {
    if (!this.#outgoing.awaitsContinue || this.#hasContinued) return;
    this.#hasContinued = true;
    this.#res.writeContinue();
  }

  onAnswered(last: Buffer | null): void {
    this.#isOver = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    // The rest of the request body is read and discarded.
    if (this.#outgoing.hasBody) this.#req.resume();
    if (last !== null) this.#outgoing.tally.sent += last.length;
    if (last === null) this.#res.end(this.#resolve);
    else if (last.length > IN_ONE_PIECE) this.#res.end(last, this.#resolve);
    // As Latin-1 text, which Node appends to the head and writes in one piece with it.
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

  /** @returns the server for the next attempt; null: no retry */
  #nextAfter(error: GatewayError): Upstream | null {
    const attempt = this.#attempt;
    if (attempt === undefined || error.fault !== 'upstream') return null;
    const { progress } = attempt;
    if (progress === 'body taken' || progress === 'answered') return null;
    const isLost = isConnectionLost(error.cause);
    if (progress === 'begun' && !(isLost && IDEMPOTENT.has(this.#req.method ?? ''))) return null;
    const { group } = this.#outgoing;
    if (this.#tried.length > group.settings.retries.attempts || !group.retryBudget.hasRetry()) return null;
    const next = group.another(this.#tried) ?? (progress !== 'waiting' && isLost ? attempt.upstream : null);
    if (next !== null) group.retryBudget.spend();
    return next;
  }

  #fail(error: GatewayError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    // An unread request body must not keep the client from reading its answer.
    this.#req.resume();
    this.#reject(error);
    this.#leave();
  }

  #onClientClose(): void {
    // Node emits `finish` before `close`: the promise is already resolved.
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

  /**
   * Nothing has moved on the client's connection for too long. The client is at fault where bytes wait for it, few as they may be:
   * Node calls this once, and not again while the same write is pending.
   */
  #onSocketIdle(): void {
    const hasUnsent = this.#req.socket.writableLength > 0;
    if (!hasUnsent && !this.#res.writableEnded && !this.#attempt?.isPaused) return;
    this.#reject(new GatewayError('request_timeout', 'the client stopped reading the answer'));
    this.#res.destroy();
  }
}
