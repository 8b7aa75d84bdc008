import { faultCalled, possibleFaults } from './faults.ts';
import type { Installation } from './installation.ts';
import { unrecovered } from './recovery.ts';
import type { Owner } from './time/pending.ts';
import type { Scheduler } from './time/scheduler.ts';

/** Milliseconds. */
const FAULT = [1_000, 12_000] as const;
const LONG_FAULT = 30_000;
/** A quiet time lasts so long at least, and everything must have recovered after so long at most. */
const QUIET = 9_000;
const RECOVERED = 15_000;
/** The lock of a repair whose holder has died lasts 30 s. */
const DENYLIST_RECOVERED = 50_000;
const LOOK = 500;

const DIRECTOR: Owner = { name: 'director', isDead: false, isPaused: false, wallOffset: 0 };

/** Lets faults happen to the installations, and a quiet time after each, in turn. @param counts of the faults, by name */
export function directFaults(
  scheduler: Scheduler,
  installations: readonly [Installation, ...Installation[]],
  counts: Record<string, number>,
): void {
  const { random } = scheduler;
  const names = possibleFaults(installations[0].world.hasRedis);
  const later = (ms: number, run: () => void) => void scheduler.add(DIRECTOR, 'director', ms, run);

  const beginFaults = () => {
    for (const { workload } of installations) workload.isActing = true;
    const count = 1 + (random.once(2) ? 1 + random.below(2) : 0);
    let running = count;
    for (let i = 0; i < count; i += 1) {
      later(scheduler.between(0, 3_000) * i, () => {
        const name = names[random.below(names.length)] ?? '';
        counts[name] = (counts[name] ?? 0) + 1;
        const stage = random.of(installations);
        stage.world.note(`begins: ${name}`);
        const end = faultCalled(name)(Object.assign(stage, { onRedis: installations }));
        later(random.once(6) ? LONG_FAULT : scheduler.between(...FAULT), () => {
          stage.world.note(`ends: ${name}`);
          end();
          running -= 1;
          if (running === 0) later(scheduler.between(0, 2_000), beginQuiet);
        });
      });
    }
  };

  const beginQuiet = () => {
    for (const { world, workload } of installations) {
      world.note('quiet');
      workload.isActing = false;
    }
    const begun = scheduler.now;
    const look = () => {
      const quiet = scheduler.now - begun;
      const isRecovered = installations.map((one) => hasRecovered(one, quiet)).every(Boolean);
      if (!isRecovered || quiet <= QUIET) {
        later(LOOK, look);
        return;
      }
      for (const one of installations) {
        for (const end of one.restored) end();
        one.restored = [];
        one.denylist.isComplete();
      }
      beginFaults();
    };
    later(LOOK, look);
  };
  later(3_000, beginFaults);
}

/** Tells the auditor if it takes too long. @param quiet milliseconds since the last fault */
function hasRecovered({ world, knowledge, denylist }: Installation, quiet: number): boolean {
  const lacking = unrecovered(world, knowledge, denylist);
  if (lacking === null) return true;
  const limit = lacking.startsWith('the denylist') ? DENYLIST_RECOVERED : RECOVERED;
  if (quiet > limit) world.auditor.reports('not recovered', world.now, `${Math.round(quiet)} ms: ${lacking}`);
  return false;
}
