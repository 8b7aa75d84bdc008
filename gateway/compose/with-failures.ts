import type { FailureMemory } from '../ops/console/failures.ts';
import type { Tracing } from './tracing.ts';

/** The same meters, which pass each request that has ended to the memory of failures too. */
export function withFailures(tracing: Tracing, failures: FailureMemory): Tracing {
  const { requests, decisions } = tracing;
  return {
    ...tracing,
    requests: {
      ...requests,
      ended(record, status) {
        requests.ended(record, status);
        failures.add(record, status);
      },
      answered(record, status) {
        requests.answered(record, status);
        failures.add(record, status);
      },
    },
    decisions: {
      decided(record, status) {
        decisions.decided(record, status);
        failures.add(record, status);
      },
    },
  };
}
