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
  /**
   * By group and server: whether it is up for each open group that has it, the newest last. There are two after a reload that
   * changes a group, until the requests of the old one have ended.
   */
  const states = new Map<string, { isUp: boolean }[]>();
  const show = (server: { readonly group: string; readonly server: string }, opened: { readonly isUp: boolean }[]) => {
    const newest = opened.at(-1);
    // A series that stays would report a server that nobody asks.
    if (newest === undefined) up.remove(server);
    else up.set(server, Number(newest.isUp));
  };

  return (group, origins) => {
    const series = new Map(OUTCOMES.map((outcome) => [outcome, attempts.series({ group, outcome })]));
    const servers = new Map(
      origins.map((origin) => {
        const key = JSON.stringify([group, origin]);
        const state = { isUp: true };
        const opened = states.get(key) ?? [];
        opened.push(state);
        states.set(key, opened);
        show({ group, server: origin }, opened);
        // Exported from the start, so that the first ejection shows as an increase.
        ejections.inc({ group, server: origin }, 0);
        return [origin, { key, state, opened }];
      }),
    );
    return {
      attempted: (outcome, milliseconds) => series.get(outcome)?.observe(milliseconds / 1000),
      ejected: (origin) => ejections.inc({ group, server: origin }),
      changed(origin, isUp) {
        const server = servers.get(origin);
        if (server === undefined) return;
        server.state.isUp = isUp;
        show({ group, server: origin }, server.opened);
      },
      closed() {
        for (const [origin, { key, state, opened }] of servers) {
          opened.splice(opened.indexOf(state), 1);
          if (opened.length === 0) states.delete(key);
          show({ group, server: origin }, opened);
        }
        servers.clear();
      },
    };
  };
}
