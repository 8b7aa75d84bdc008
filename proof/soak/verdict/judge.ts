import type { Subject } from './series.ts';
import { type Trend, trendOf } from './trend.ts';

/**
 * `flat`: with 99 % confidence it grows by less than its limit, if at all. `levelled off`: that is so of the second half.
 * `grows`: it grows with 99 % confidence, by more than its limit, also in the second half. `unclear`: nothing of this can be
 * said, since it goes up and down too much.
 */
export type Finding = 'flat' | 'grows' | 'levelled off' | 'unclear';

export interface Judged {
  readonly subject: string;
  readonly series: string;
  readonly finding: Finding;
  readonly trend: Trend;
  /** Growth per hour from which on it counts. */
  readonly limit: number;
}

/** What may grow by how much in an hour: a share of the level, but at least so much. */
interface Limit {
  readonly share: number;
  readonly least: number;
}

const MB = 1_024 * 1_024;
const LIMITS: readonly (readonly [RegExp, Limit])[] = [
  [/^(heap|external|array buffers)$/, { share: 0.02, least: MB / 2 }],
  // The allocator gives memory back when it pleases.
  [/^(rss|anonymous memory)$/, { share: 0.05, least: 4 * MB }],
  [/^(malloc by V8|global handles)$/, { share: 0.05, least: MB / 16 }],
  [/^redis memory$/, { share: 0.05, least: MB / 4 }],
  [/^(native contexts|process listeners|threads|series of metrics)$/, { share: 0.02, least: 1 }],
  [/^(descriptors|tcp |active |redis clients$)/, { share: 0.05, least: 2 }],
  [/^(rows of |redis keys$|revocations in memory$)/, { share: 0.05, least: 50 }],
  [/^(requests in flight|open WebSockets)$/, { share: 0.05, least: 2 }],
];

/** The share of the run in which caches fill, V8 compiles, and the first tokens live. At most an hour. */
const WARM_UP = 0.25;
const LONGEST_WARM_UP = 1;
/** Of the run: who lived for less, after their own warm-up, are not judged. */
const LEAST_LIFE = 0.25;

/** When a subject is warm, in hours since the beginning of the run. */
export function warmFrom({ from }: Pick<Subject, 'from'>, hours: number): number {
  return from + Math.min(LONGEST_WARM_UP, hours * WARM_UP);
}

/** @param hours the length of the run */
export function judge(subjects: readonly Subject[], hours: number, seed: number): Judged[] {
  return subjects.flatMap((subject) => {
    const warm = warmFrom(subject, hours);
    if (subject.to - warm < hours * LEAST_LIFE) return [];
    return [...subject.series].flatMap(([series, points]): Judged[] => {
      const limit = LIMITS.find(([names]) => names.test(series))?.[1];
      if (limit === undefined) return [];
      const trend = trendOf(
        points.filter(([at]) => at >= warm),
        seed,
      );
      return trend === null ? [] : [judged(subject.name, series, trend, limit)];
    });
  });
}

function judged(subject: string, series: string, trend: Trend, { share, least }: Limit): Judged {
  const limit = Math.max(least, share * trend.level);
  return { subject, series, finding: findingOf(trend, limit), trend, limit };
}

function findingOf({ slope, low, high, late }: Trend, limit: number): Finding {
  if (high <= limit) return 'flat';
  if (late.high <= limit) return 'levelled off';
  return low > 0 && slope > limit && late.slope > limit ? 'grows' : 'unclear';
}
