import { setTimeout as pause } from 'node:timers/promises';

/** Runs the work every `ms` milliseconds, never twice at a time, until aborted. The work reports its own failures. */
export async function repeat(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work().catch(() => {});
    await pause(ms, undefined, { signal, ref: false }).catch(() => {});
  }
}
