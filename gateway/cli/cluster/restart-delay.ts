const FIRST_DELAY = 100;
const LONGEST_DELAY = 30_000;
/** Milliseconds of life after which earlier deaths do not count any more. */
const STEADY = 60_000;

/**
 * How long to wait before a worker is replaced: a crash loop must not take the machine from the workers that live.
 *
 * @param deaths in the same place, one soon after the other, before this one
 * @param age milliseconds that the one which died has lived
 * @returns the deaths with this one, and the milliseconds to wait
 */
export function restartDelay(deaths: number, age: number): { deaths: number; delay: number } {
  const before = age >= STEADY ? 0 : deaths;
  return { deaths: before + 1, delay: Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** before) };
}
