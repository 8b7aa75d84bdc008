import { setTimeout as pause } from 'node:timers/promises';

/** Runs `work`, then again `ms` milliseconds after each end, until aborted. The work reports its own failures. */
export async function repeat(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work().catch(() => {});
    await pause(ms, undefined, { signal, ref: false }).catch(() => {});
  }
}
