import { Counter, type Registry } from 'prom-client';
import { durations } from './durations.ts';

const OUTCOMES = ['answered', 'failed', 'timed_out', 'abandoned'] as const;

/** The metrics of one group. */
export interface GroupMetrics {
  /** @param milliseconds from the start of the attempt to the head of the response, or to the failure */
  attempted(outcome: (typeof OUTCOMES)[number], milliseconds: number): void;
  ejected(origin: string): void;
}

/**
 * Counts attempts at upstreams, by group and server as named in the configuration.
 *
 * @returns creates the metrics of a group; callable again for a group that is reopened
 */
export function upstreamMetrics(registry: Registry): (group: string, origins: readonly string[]) => GroupMetrics {
  const attempts = durations<'group' | 'outcome'>(registry, {
    name: 'gatehouse_upstream_duration_seconds',
    help: 'From the moment that a request is given to an upstream to the head of its answer, or to the failure.',
  });
  const ejections = new Counter({
    name: 'gatehouse_upstream_ejections_total',
    help: 'Pauses of servers that failed.',
    labelNames: ['group', 'server'],
    registers: [registry],
  });

  return (group, origins) => {
    const series = new Map(OUTCOMES.map((outcome) => [outcome, attempts.series({ group, outcome })]));
    // Exported from the start, so that the first ejection shows as an increase.
    for (const origin of origins) ejections.inc({ group, server: origin }, 0);
    return {
      attempted: (outcome, milliseconds) => series.get(outcome)?.observe(milliseconds / 1000),
      ejected: (origin) => ejections.inc({ group, server: origin }),
    };
  };
}
