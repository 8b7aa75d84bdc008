import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setPriority } from 'node:os';

/** The most there is: a thread at 0 gets nearly all of a core that both want, and need not wait long for its turn. */
const NICENESS = 19;

/**
 * Lets the threads that hash passwords give way to the one that answers requests. On Linux a priority is a thread's own
 * (setpriority(2)); elsewhere nothing is changed.
 */
export async function lowerBackgroundThreads(): Promise<void> {
  if (process.platform !== 'linux') return;
  // libuv makes its threads all at once, with the first work for them.
  await stat('/proc/self/task');
  for (const thread of readdirSync('/proc/self/task')) {
    try {
      if (readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').startsWith('libuv-worker')) {
        setPriority(Number(thread), NICENESS);
      }
    } catch {
      // Not allowed in some sandboxes: then all threads are equal, as without this.
    }
  }
}
