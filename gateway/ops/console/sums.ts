import type { Snapshot as Metrics } from '../metrics/total.ts';

type Labels = Readonly<Record<string, string | number | undefined>>;

/** The values of one metric. */
export interface Values {
  readonly labels: Labels;
  readonly value: number;
  /** For a histogram: the name with `_bucket`, `_sum` or `_count`. */
  readonly metricName?: string;
}

export type Read = (name: string) => readonly Values[];

/**
 * Reads the metrics of one moment by name; one that does not exist has no values. The values are copied: prom-client goes on counting in
 * those that it returns.
 */
export function valuesIn(metrics: Metrics): Read {
  const byName = new Map(
    metrics.map(({ name, values }) => [name, (values as readonly Values[]).map((value) => ({ ...value }))]),
  );
  return (name) => byName.get(name) ?? [];
}

/** By a label, how much the counter has grown between two moments. A counter that was not there before began at 0. */
export function growth(before: readonly Values[], after: readonly Values[], label: string): Map<string, number> {
  const sums = new Map<string, number>();
  const add = (values: readonly Values[], sign: 1 | -1) => {
    for (const { labels, value } of values) {
      const key = String(labels[label] ?? '');
      sums.set(key, (sums.get(key) ?? 0) + sign * value);
    }
  };
  add(before, -1);
  add(after, 1);
  // A worker that did not answer in time is counted as it was before; never less.
  for (const [key, sum] of sums) if (sum < 0) sums.set(key, 0);
  return sums;
}

/** The buckets of a histogram: how many observations there were up to each bound, in seconds. */
export type Buckets = ReadonlyMap<number, number>;

/** What a histogram has observed between two moments. @param label tells the series apart; null: all as one */
export function observed(
  before: readonly Values[],
  after: readonly Values[],
  label: string | null,
): Map<string, Map<number, number>> {
  const series = new Map<string, Map<number, number>>();
  const add = (values: readonly Values[], sign: 1 | -1) => {
    for (const { labels, value, metricName } of values) {
      if (!metricName?.endsWith('_bucket')) continue;
      const key = label === null ? '' : String(labels[label] ?? '');
      let buckets = series.get(key);
      if (buckets === undefined) {
        buckets = new Map();
        series.set(key, buckets);
      }
      const bound = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
      buckets.set(bound, (buckets.get(bound) ?? 0) + sign * value);
    }
  };
  add(before, -1);
  add(after, 1);
  return series;
}

/** How many observations the buckets hold. */
export function countOf(buckets: Buckets): number {
  return Math.max(0, buckets.get(Number.POSITIVE_INFINITY) ?? 0);
}

/**
 * A quantile in seconds, interpolated within its bucket as `histogram_quantile` of Prometheus does; the greatest finite bound where it is
 * above that. Null without observations.
 */
export function quantile(buckets: Buckets, part: number): number | null {
  const count = countOf(buckets);
  if (count === 0) return null;
  const rank = part * count;
  let lower = 0;
  let below = 0;
  for (const [bound, upTo] of [...buckets].sort(([a], [b]) => a - b)) {
    if (!Number.isFinite(bound)) break;
    if (upTo >= rank) return upTo === below ? bound : lower + ((bound - lower) * (rank - below)) / (upTo - below);
    lower = bound;
    below = upTo;
  }
  return lower;
}
