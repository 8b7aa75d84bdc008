import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setPriority } from 'node:os';

/** The lowest priority. A thread with priority 0 then gets nearly all of a core that both use. */
const NICENESS = 19;

let isLow = false;

/** Whether background threads have a low priority here. Those that start later must call `lowerThisThread`. */
export function isBackgroundLow(): boolean {
  return isLow;
}

/**
 * Lowers the priority of the threads that hash passwords below that of the event loop. On Linux each thread has its own
 * priority (setpriority(2)); on other systems nothing is changed.
 */
export async function lowerBackgroundThreads(): Promise<void> {
  if (process.platform !== 'linux') return;
  isLow = true;
  // libuv creates all threads of its pool with the first task.
  await stat('/proc/self/task');
  for (const thread of readdirSync('/proc/self/task')) {
    try {
      if (readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').startsWith('libuv-worker')) {
        setPriority(Number(thread), NICENESS);
      }
    } catch {
      // Some sandboxes forbid it: all threads then keep the same priority.
    }
  }
}

/** Lowers the priority of the calling thread, a `Worker`. Linux only: elsewhere, it would be that of the whole process. */
export function lowerThisThread(): void {
  try {
    setPriority(NICENESS);
  } catch {
    // As above.
  }
}
