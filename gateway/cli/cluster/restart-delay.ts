const FIRST_DELAY = 100;
const LONGEST_DELAY = 30_000;
/** Milliseconds of uptime after which earlier exits no longer count. */
const STEADY = 60_000;

/**
 * The delay before a worker is replaced, with exponential backoff: a crash loop must not take CPU time from the other workers.
 *
 * @param deaths the number of recent exits of the worker's predecessors
 * @param age the uptime in milliseconds of the worker that has exited
 * @returns the number of exits including this one, and the delay in milliseconds
 */
export function restartDelay(deaths: number, age: number): { deaths: number; delay: number } {
  const before = age >= STEADY ? 0 : deaths;
  return { deaths: before + 1, delay: Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** before) };
}
