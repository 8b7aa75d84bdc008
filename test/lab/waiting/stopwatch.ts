import { readFileSync } from 'node:fs';

/** The minimum share of real time that counts: processes may wait at the same time, and the stopwatch must not stand still. */
const LEAST = 1 / 4;

/**
 * Measures a duration for a deadline. Time in which this thread or one of the given processes was runnable but waited for a
 * processor does not count: a busy machine causes it, not the tested code.
 *
 * @param pids the processes; only their first threads count
 * @returns a function that returns the milliseconds since the start
 */
export function stopwatch(pids: readonly number[] = []): () => number {
  const waited = () => waitOf('thread-self') + pids.reduce((sum, pid) => sum + waitOf(String(pid)), 0);
  const start = performance.now();
  const before = waited();
  return () => {
    const passed = performance.now() - start;
    return Math.max(passed * LEAST, passed - (waited() - before));
  };
}

/** Milliseconds of run-queue wait from /proc/PID/schedstat; 0 if that is not available, or the process has exited. */
function waitOf(thread: string): number {
  try {
    const [, wait = '0'] = readFileSync(`/proc/${thread}/schedstat`, 'utf8').split(' ');
    return Number(wait) / 1e6;
  } catch {
    return 0;
  }
}
