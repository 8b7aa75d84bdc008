import { Counter, type Registry } from 'prom-client';
import type { ErrorCode } from '../../domain/errors.ts';
import type { RequestRecord } from '../../domain/request-record.ts';

/** What a proxy was told: the request may pass, or the code of the refusal. */
type DecisionOutcome = 'passed' | ErrorCode;

/** The label of decisions without a route. */
const NO_ROUTE = 'none';

export interface DecisionMetrics {
  decided(record: RequestRecord): void;
}

/** Counts what other proxies were told. Every label value is a name in the configuration or from a fixed list. */
export function decisionMetrics(registry: Registry): DecisionMetrics {
  const counter = new Counter({
    name: 'gatehouse_decisions_total',
    help: 'Decisions for other proxies.',
    labelNames: ['door', 'route', 'outcome'],
    registers: [registry],
  });
  // prom-client looks labels up for each count.
  const counts = new Map<string, Counter.Internal>();
  return {
    decided({ door, route, failure }) {
      const outcome: DecisionOutcome = failure?.code ?? 'passed';
      const key = `${door} ${route} ${outcome}`;
      let count = counts.get(key);
      if (count === undefined) {
        count = counter.labels({ door: door ?? 'none', route: route ?? NO_ROUTE, outcome });
        counts.set(key, count);
      }
      count.inc();
    },
  };
}
