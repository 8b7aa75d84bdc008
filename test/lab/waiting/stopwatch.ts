import { readFileSync } from 'node:fs';

/** What counts at the least: several processes wait at the same time, and a stopwatch that stood still would end no test. */
const LEAST = 1 / 4;

/**
 * Measures how long something takes that must be done in time. What does not count is when this thread, or one of the
 * processes that do the work, could have run and waited for a processor: that is the doing of a busy machine, and not of what
 * is tested.
 *
 * @param pids the processes, whose first thread is meant
 * @returns gives the milliseconds since then
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

/** Milliseconds, by proc_pid_schedstat; 0 where the system does not tell, and for a process that is gone. */
function waitOf(thread: string): number {
  try {
    const [, wait = '0'] = readFileSync(`/proc/${thread}/schedstat`, 'utf8').split(' ');
    return Number(wait) / 1e6;
  } catch {
    return 0;
  }
}
