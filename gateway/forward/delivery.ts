import { clientClosed, GatewayError } from '../domain/errors.ts';
import type { Attempt, AttemptEvents } from './attempt.ts';
import type { ClientSide } from './client-side.ts';
import { isConnectionLost } from './failure.ts';
import type { Outgoing } from './outgoing.ts';
import type { Upstream } from './upstream/upstream.ts';

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Prepares an attempt at one server; `dispatch` begins it. */
export type AttemptAt = (upstream: Upstream, events: AttemptEvents) => Attempt;

/**
 * One request until its answer is delivered, in one or more attempts over one transport. A class: one is made for each
 * request.
 *
 * A request that reached no server is retried at another one. So is an idempotent request without an answer, also at the
 * same server, which may have closed the idle connection at that moment. A request is not retried once some of its body
 * was sent.
 */
export class Delivery implements AttemptEvents {
  readonly #client: ClientSide;
  readonly #outgoing: Outgoing;
  readonly #attemptAt: AttemptAt;
  readonly #onFailed: (error: GatewayError) => void;
  readonly #tried: Upstream[] = [];
  #attempt: Attempt | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The server that has a place for the request. */
  #place: Upstream | undefined;
  /** Cancels the wait for a place. */
  #stopWaiting: (() => void) | undefined;
  #hasContinued = false;
  #isOver = false;

  /**
   * @param onFailed gets the error, at most once: 502, 504, 408, or 499 when the client left. If the answer has begun, the
   *   connection must be cut, so that the client sees a truncated answer as truncated.
   */
  constructor(client: ClientSide, outgoing: Outgoing, attemptAt: AttemptAt, onFailed: (error: GatewayError) => void) {
    this.#client = client;
    this.#outgoing = outgoing;
    this.#attemptAt = attemptAt;
    this.#onFailed = onFailed;
  }

  start(): void {
    const { group, deadlines } = this.#outgoing;
    this.#client.setIdleTimeout(deadlines.idle);
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
      this.#attempt = this.#attemptAt(upstream, this);
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
    this.#client.sendContinue();
  }

  onAnswered(last: Buffer | null): void {
    this.#isOver = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#outgoing.hasBody) this.#client.discardBody();
    if (last !== null) this.#outgoing.tally.sent += last.length;
    this.#client.end(last);
    this.#leave();
  }

  onFailed(error: GatewayError): void {
    if (this.#isOver) return;
    const next = this.#nextAfter(error);
    if (next === null) {
      this.#fail(error);
      return;
    }
    this.#outgoing.onRetry(error);
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
    if (progress === 'begun' && !(isLost && IDEMPOTENT.has(this.#client.method))) return null;
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
    this.#client.discardBody();
    this.#onFailed(error);
    this.#leave();
  }

  /** The client's connection is gone before the answer has left. */
  onClientGone(): void {
    this.#onFailed(clientClosed());
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

  /** Nothing has moved on the client's connection for too long. The client is at fault where bytes wait for it. */
  onClientIdle(): void {
    if (!this.#client.hasUnsent && !this.#attempt?.isPaused) return;
    this.#onFailed(new GatewayError('request_timeout', 'the client stopped reading the answer'));
    this.#client.destroy();
  }
}
