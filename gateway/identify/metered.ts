import type { Outcome } from '../domain/identity.ts';
import type { Identify } from './identify.ts';

/** Hears what identifications come to, to count them. */
export interface IdentifyMeter {
  decided(outcome: Outcome): void;
  /** Nobody could say. */
  failed(error: unknown): void;
}

/** Tells the meter of each outcome before whoever asked for it goes on. */
export function metered(identify: Identify, meter: IdentifyMeter): Identify {
  return (field, value, client) => {
    try {
      const answer = identify(field, value, client);
      if (answer instanceof Promise) answer.then(meter.decided, meter.failed);
      else meter.decided(answer);
      return answer;
    } catch (error) {
      meter.failed(error);
      throw error;
    }
  };
}
