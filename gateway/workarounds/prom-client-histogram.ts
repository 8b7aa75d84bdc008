import type { Metric, Registry } from 'prom-client';

/** A sample of a histogram under its full name, such as `…_bucket`. */
export interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * Registers a histogram whose samples are computed at each scrape.
 *
 * prom-client's own (15.1) looks up its series by labels at every observation, through `labels()` too, which costs a microsecond.
 * Of a metric the registry uses its name, and `get` when it writes everything out; its types admit its own classes alone.
 */
export function registerHistogram(
  registry: Registry,
  { name, help }: { readonly name: string; readonly help: string },
  samples: () => readonly Sample[],
): void {
  const histogram = {
    name,
    get: async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: samples() }),
  };
  registry.registerMetric(histogram as unknown as Metric);
}
