import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds within which the kernel stops every thread, even on a busy machine. */
const LIMIT = 5_000;

/**
 * Stops a process (SIGSTOP), and returns when all its threads are stopped: the kernel stops them one by one, and a thread on
 * another core could still respond for a moment.
 */
export function pauseProcess(child: ChildProcess | null): void {
  if (child?.pid === undefined) return;
  child.kill('SIGSTOP');
  for (const until = performance.now() + LIMIT; performance.now() < until; ) if (standsStill(child.pid)) return;
  throw new Error(`process ${child.pid} did not stop within ${LIMIT} ms`);
}

/** From proc_pid_stat(5): the state is the letter after the name, `T` when stopped. True without /proc. */
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
