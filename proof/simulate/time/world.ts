import type { Scheduler } from './scheduler.ts';

let current: Scheduler | null = null;

/** Whose simulation runs in this process now: what replaces Node's own modules asks here. */
export function useScheduler(scheduler: Scheduler | null): void {
  current = scheduler;
}

/** null: no event of a simulation is happening, and everything is as usual. */
export function runningScheduler(): Scheduler | null {
  return current?.owner == null ? null : current;
}

/** The scheduler of the simulation that is set up or runs in this process. */
export function presentScheduler(): Scheduler | null {
  return current;
}
