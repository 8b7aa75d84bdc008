import type { Answers, Sample, TrafficSample } from '../samples.ts';

export type Total = Pick<Answers, 'count' | 'statuses' | 'excused' | 'unexpected'>;

/** All answers of a run, by kind of request. */
export function totalsOf(samples: readonly Sample[]): ReadonlyMap<string, Total> {
  const totals = new Map<string, Total>();
  for (const sample of samples) {
    if (sample.kind !== 'traffic') continue;
    for (const [operation, answers] of Object.entries(sample.operations)) {
      totals.set(operation, sumOf(totals.get(operation) ?? NOTHING, answers));
    }
  }
  return totals;
}

export const NOTHING: Total = { count: 0, statuses: {}, excused: 0, unexpected: 0 };

export function sumOf(one: Total, other: Total): Total {
  const statuses = { ...one.statuses };
  for (const [status, count] of Object.entries(other.statuses)) statuses[status] = (statuses[status] ?? 0) + count;
  return {
    count: one.count + other.count,
    statuses,
    excused: one.excused + other.excused,
    unexpected: one.unexpected + other.unexpected,
  };
}

/** Answers per second in one sample. */
export function rateOf({ operations, seconds }: TrafficSample): number {
  return Object.values(operations).reduce((sum, { count }) => sum + count, 0) / seconds;
}
