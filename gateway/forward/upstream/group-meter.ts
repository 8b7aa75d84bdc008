import type { GatewayError } from '../../domain/errors.ts';

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
}

/** Makes the meter of a group with these servers. The same group may be opened again, as after a reload. */
export type MeterGroup = (name: string, origins: readonly string[]) => GroupMeter;

export function outcomeOf(failure: GatewayError): AttemptOutcome {
  switch (failure.code) {
    case 'bad_gateway':
      return 'failed';
    case 'gateway_timeout':
      return 'timed_out';
    default:
      return 'abandoned';
  }
}
