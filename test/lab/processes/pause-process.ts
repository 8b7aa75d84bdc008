import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds within which the kernel has stopped every thread, however busy the machine is. */
const LIMIT = 5_000;

/**
 * Stops a process (SIGSTOP), and returns when each of its threads stands still: the kernel stops them one by one, and one
 * that still runs on another core would go on answering for a moment.
 */
export function pauseProcess(child: ChildProcess | null): void {
  if (child?.pid === undefined) return;
  child.kill('SIGSTOP');
  for (const until = performance.now() + LIMIT; performance.now() < until; ) if (standsStill(child.pid)) return;
  throw new Error(`process ${child.pid} did not stop within ${LIMIT} ms`);
}

/** By proc_pid_stat(5): the state is the letter behind the name, `T` when stopped. True where there is no /proc. */
function standsStill(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => {
      const line = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
      return line.slice(line.lastIndexOf(')') + 2).startsWith('T');
    });
  } catch {
    return true;
  }
}
