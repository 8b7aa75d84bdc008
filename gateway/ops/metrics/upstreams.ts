import { Counter, Gauge, type Registry } from 'prom-client';
import { durations } from './durations.ts';

const OUTCOMES = ['answered', 'failed', 'timed_out', 'abandoned'] as const;

/** The metrics of one group. */
export interface GroupMetrics {
  /** @param milliseconds from the start of the attempt to the head of the response, or to the failure */
  attempted(outcome: (typeof OUTCOMES)[number], milliseconds: number): void;
  ejected(origin: string): void;
  changed(origin: string, isUp: boolean): void;
  closed(): void;
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
  const up = new Gauge({
    name: 'gatehouse_upstream_up',
    help: 'Whether a server is neither ejected nor fails its health checks, 1 or 0.',
    labelNames: ['group', 'server'],
    // With several processes, 0 if one of them does without the server.
    aggregator: 'min',
    registers: [registry],
  });
  /** How many open groups have a server: two for a moment after a reload that changes a group. */
  const users = new Map<string, number>();

  return (group, origins) => {
    const series = new Map(OUTCOMES.map((outcome) => [outcome, attempts.series({ group, outcome })]));
    let isOpen = true;
    for (const origin of origins) {
      const key = JSON.stringify([group, origin]);
      users.set(key, (users.get(key) ?? 0) + 1);
      up.set({ group, server: origin }, 1);
    }
    // Exported from the start, so that the first ejection shows as an increase.
    for (const origin of origins) ejections.inc({ group, server: origin }, 0);
    return {
      attempted: (outcome, milliseconds) => series.get(outcome)?.observe(milliseconds / 1000),
      ejected: (origin) => ejections.inc({ group, server: origin }),
      changed(origin, isUp) {
        if (isOpen) up.set({ group, server: origin }, Number(isUp));
      },
      closed() {
        isOpen = false;
        for (const origin of origins) {
          const key = JSON.stringify([group, origin]);
          const left = (users.get(key) ?? 1) - 1;
          users.set(key, left);
          // A series that stays would report a server that nobody asks.
          if (left === 0) up.remove({ group, server: origin });
        }
      },
    };
  };
}
