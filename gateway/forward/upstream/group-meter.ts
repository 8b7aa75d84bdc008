import type { GatewayError } from '../../domain/errors.ts';

/**
 * What came of an attempt at an upstream, as far as the head of its answer: it answered, with whatever status; it refused,
 * cut, or answered what is not HTTP; it let a deadline pass; or the gateway gave it up, as when the client had left.
 */
export type AttemptOutcome = 'answered' | 'failed' | 'timed_out' | 'abandoned';

/** Hears what becomes of the attempts at one group of upstreams, to count and measure them. */
export interface GroupMeter {
  /** @param milliseconds from the moment that it was sent to the head of the answer, or to the failure */
  attempted(outcome: AttemptOutcome, milliseconds: number): void;
  /** A server gets no requests for a pause. */
  ejected(origin: string): void;
}

/** Makes the meter of a group with these servers; a group may be opened again, as after a reload. */
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
