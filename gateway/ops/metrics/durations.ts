import type { Registry } from 'prom-client';
import { registerHistogram } from '../../workarounds/prom-client-histogram.ts';

/** Seconds: from a cached response to the default deadlines. */
export const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

/** The observations for one combination of labels. */
export interface Series {
  /** @param seconds 0 or more */
  observe(seconds: number): void;
}

export interface Durations<Label extends string> {
  /** The series of these labels, the same on each call. Exported from now on, so that the first count shows as an increase. */
  series(labels: Readonly<Record<Label, string>>): Series;
}

/** A histogram with `BUCKETS` that counts directly in its series. */
export function durations<Label extends string>(
  registry: Registry,
  metric: { readonly name: string; readonly help: string },
): Durations<Label> {
  const { name } = metric;
  const all = new Map<string, { readonly labels: Readonly<Record<Label, string>>; readonly counts: Counts }>();
  registerHistogram(registry, metric, () =>
    [...all.values()].flatMap(({ labels, counts }) => {
      let upTo = 0;
      const buckets = [...BUCKETS, Number.POSITIVE_INFINITY].map((le, i) => {
        upTo += counts.inBucket[i] ?? 0;
        return {
          labels: { ...labels, le: Number.isFinite(le) ? le : '+Inf' },
          value: upTo,
          metricName: `${name}_bucket`,
        };
      });
      return [
        ...buckets,
        { labels, value: counts.sum, metricName: `${name}_sum` },
        { labels, value: upTo, metricName: `${name}_count` },
      ];
    }),
  );
  return {
    series(labels) {
      const key = JSON.stringify(Object.entries(labels).sort());
      const one = all.get(key) ?? { labels, counts: new Counts() };
      all.set(key, one);
      return one.counts;
    },
  };
}

class Counts implements Series {
  /** One more than there are bounds: the last one counts longer durations. */
  readonly inBucket = new Float64Array(BUCKETS.length + 1);
  sum = 0;

  observe(seconds: number): void {
    let place = 0;
    while (place < BUCKETS.length && seconds > (BUCKETS[place] as number)) place += 1;
    this.inBucket[place] = (this.inBucket[place] as number) + 1;
    this.sum += seconds;
  }
}
