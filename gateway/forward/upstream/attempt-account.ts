import type { GatewayError } from '../../domain/errors.ts';
import { turnTime } from '../../domain/turn-time.ts';
import type { Availability } from './availability.ts';

/**
 * The outcome of an attempt, up to the head of the answer. `answered`: with any status. `failed`: the upstream refused, cut
 * the connection, or answered something other than HTTP. `timed_out`: it missed a deadline. `abandoned`: the gateway gave
 * up, as when the client had left.
 */
export type AttemptOutcome = 'answered' | 'failed' | 'timed_out' | 'abandoned';

/** Counts and measures the attempts at one group of upstreams. */
export interface GroupMeter {
  /** @param milliseconds from sending to the head of the answer, or to the failure */
  attempted(outcome: AttemptOutcome, milliseconds: number): void;
  /** A server was ejected for a pause. */
  ejected(origin: string): void;
  /** @param isUp whether a server is neither ejected nor unhealthy; it is at first */
  changed(origin: string, isUp: boolean): void;
  /** The group is closed. */
  closed(): void;
}

/** Makes the meter of a group with these servers. The same group may be opened again, as after a reload. */
export type MeterGroup = (name: string, origins: readonly string[]) => GroupMeter;

type Phase = 'sent' | 'answered' | 'over';

/**
 * Reports an attempt to its group, which counts, measures and ejects by it. Calls out of order do nothing. A class, since
 * one is made for each request.
 */
export class AttemptAccount {
  readonly #availability: Availability;
  readonly #meter: GroupMeter;
  readonly #over: () => void;
  readonly #sentAt = turnTime();
  #phase: Phase = 'sent';

  /** @param over is called once, when the attempt is over */
  constructor(availability: Availability, meter: GroupMeter, over: () => void) {
    this.#availability = availability;
    this.#meter = meter;
    this.#over = over;
  }

  /** The head of the answer has arrived, with any status. `ended` or `failed` must follow. */
  answered(): void {
    if (this.#phase !== 'sent') return;
    this.#phase = 'answered';
    this.#availability.succeeded();
    this.#meter.attempted('answered', turnTime() - this.#sentAt);
  }

  /** The attempt is over, and the answer complete. */
  ended(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#over();
  }

  /**
   * The attempt is over without a complete answer: failed, timed out or abandoned, as the code of the error says. After
   * `answered`, it counts as a success.
   *
   * @param counts whether a failure of the upstream counts towards its ejection
   */
  failed(error: GatewayError, counts = true): void {
    const wasAnswered = this.#phase === 'answered';
    if (this.#phase === 'over') return;
    this.ended();
    if (wasAnswered) return;
    this.#meter.attempted(outcomeOf(error), turnTime() - this.#sentAt);
    if (error.fault === 'upstream' && counts) this.#availability.failed(error.message);
  }
}

function outcomeOf(failure: GatewayError): AttemptOutcome {
  switch (failure.code) {
    case 'bad_gateway':
      return 'failed';
    case 'gateway_timeout':
      return 'timed_out';
    default:
      return 'abandoned';
  }
}
