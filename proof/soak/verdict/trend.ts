import { median, percentile } from '../../../bench/harness/statistics.ts';
import { Random } from '../../random.ts';

/** A measurement: hours since the beginning of the run, and the value. */
export type Point = readonly [hours: number, value: number];

/** A slope per hour, which is between `low` and `high` with 99 % confidence. */
export interface Slope {
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

/** Where a series is going. */
export interface Trend extends Slope {
  /** Of the second half alone. */
  readonly late: Slope;
  /** The median. */
  readonly level: number;
}

/**
 * Parts of equal length, of which each counts with a value that is low for it: what a leak holds, it holds at the quietest moments
 * too, while work under way, and what waits for a collection, come and go.
 */
const PARTS = 36;
/** In percent of the values of a part. */
const LOW = 10;
/** Parts that stay together when residuals are drawn: neighbours are alike, and drawing them one by one would hide that. */
const BLOCK = 6;
const DRAWS = 300;
/** In percent. Not the usual 95 %: a run has a hundred series, of which some would seem to grow by chance. */
const CONFIDENCE = 99;
const LEAST_PARTS = 12;

/**
 * The slope of a series by Theil and Sen (the median of the slopes of all pairs), which single values cannot bend, with the
 * confidence interval of a moving-block bootstrap of its residuals.
 *
 * @returns null: too few points
 */
export function trendOf(points: readonly Point[], seed: number): Trend | null {
  const parts = inParts(points, PARTS, LOW);
  if (parts.length < LEAST_PARTS) return null;
  return {
    ...slopeOf(parts, seed),
    late: slopeOf(parts.slice(Math.floor(parts.length / 2)), seed),
    level: median(parts.map(([, value]) => value)),
  };
}

function slopeOf(parts: readonly Point[], seed: number): Slope {
  const slope = theilSen(parts);
  const offset = median(parts.map(([at, value]) => value - slope * at));
  const residuals = parts.map(([at, value]) => value - slope * at - offset);
  const random = new Random(seed);
  const slopes = Array.from({ length: DRAWS }, () => {
    const drawn = drawBlocks(residuals, random);
    return theilSen(parts.map(([at], i): Point => [at, slope * at + offset + (drawn[i] ?? 0)]));
  });
  const beyond = (100 - CONFIDENCE) / 2;
  return { slope, low: percentile(slopes, beyond), high: percentile(slopes, 100 - beyond) };
}

/** A percentile of each of some parts of equal length; parts without a point are left out. */
export function inParts(points: readonly Point[], count: number, share: number): Point[] {
  const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0];
  const length = (last - first) / count || 1;
  const parts = Map.groupBy(points, ([at]) => Math.min(count - 1, Math.floor((at - first) / length)));
  return [...parts.values()].map((part): Point => {
    const [moments, values] = [part.map(([at]) => at), part.map(([, value]) => value)];
    return [median(moments), percentile(values, share)];
  });
}

function theilSen(points: readonly Point[]): number {
  const slopes: number[] = [];
  points.forEach(([at, value], i) => {
    for (let j = 0; j < i; j += 1) {
      const [earlierAt, earlier] = points[j] ?? [at, value];
      if (at > earlierAt) slopes.push((value - earlier) / (at - earlierAt));
    }
  });
  return median(slopes);
}

function drawBlocks(values: readonly number[], random: Random): number[] {
  const drawn: number[] = [];
  while (drawn.length < values.length) {
    const from = random.below(values.length - BLOCK + 1);
    drawn.push(...values.slice(from, from + BLOCK));
  }
  return drawn.slice(0, values.length);
}
