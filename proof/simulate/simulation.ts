import { randomHex } from '../../gateway/http/random-hex.ts';
import { createAuditor } from '../audit/auditor.ts';
import type { Violation } from '../audit/events.ts';
import { Random } from '../random.ts';
import { Clients } from './clients.ts';
import { faultCalled, possibleFaults, type Stage } from './faults.ts';
import type { FirstAccount } from './image-of-gateway.ts';
import { Knowledge } from './knowledge.ts';
import { unrecovered, watchDenylist } from './recovery.ts';
import { forgetRedisRoutes } from './redis/client.ts';
import { forgetSqlRoutes } from './sql/driver.ts';
import { Scheduler } from './time/scheduler.ts';
import { useScheduler } from './time/world.ts';
import { Workload } from './workload.ts';
import { World } from './world.ts';

/** The result of one simulated world. */
export interface Simulated {
  readonly steps: number;
  /** Simulated seconds. */
  readonly seconds: number;
  readonly violations: readonly Violation[];
  /** What happened last before the first violation. */
  readonly lines: readonly string[];
  readonly events: Readonly<Record<string, number>>;
  readonly answers: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** Of all events. */
  readonly trace: number;
}

/** Milliseconds. */
const BETWEEN_REQUESTS = [1, 60] as const;
const FAULT = [1_000, 12_000] as const;
const LONG_FAULT = 30_000;
/** A quiet time lasts so long at least, and everything must have recovered after so long at most. */
const QUIET = 9_000;
const RECOVERED = 15_000;
/** The lock of a repair whose holder has died lasts 30 s. */
const DENYLIST_RECOVERED = 50_000;
const LOOK = 500;

/** One world from its beginning, for so many steps or until the first violation. */
export async function simulate(
  seed: number,
  most: number,
  image: { readonly bytes: Buffer; readonly accounts: readonly FirstAccount[] },
): Promise<Simulated> {
  const random = new Random(seed);
  const scheduler = new Scheduler(random);
  useScheduler(scheduler);
  // What is left of the random digits of an earlier world.
  randomHex(8_192);
  const auditor = createAuditor();
  const world = new World(scheduler, auditor, image.bytes);
  const clients = new Clients(world);
  const knowledge = new Knowledge(world);
  const workload = new Workload(world, clients, knowledge, image.accounts);
  const faults: Record<string, number> = {};
  const denylist = watchDenylist(world);
  clients.onUnknown = denylist.mayBeUnwritten;
  world.onDeath = (process) => {
    denylist.mayBeUnwritten();
    clients.abandon(process);
    knowledge.review();
  };
  for (const name of ['A', 'A2', 'B', 'C'].slice(0, 2 + random.below(3))) world.addNode(name, name.slice(0, 1));

  const request = () => {
    workload.act();
    scheduler.add(world.clients, 'client', scheduler.between(...BETWEEN_REQUESTS), request);
  };
  request();
  directFaults({ world, workload, knowledge, denylist }, faults);

  const goesOn = () => scheduler.steps < most && auditor.violations.length === 0;
  await inTurns(() => goesOn() && scheduler.step());
  const { steps, now, counts, trace } = scheduler;
  useScheduler(null);
  world.close();
  forgetSqlRoutes();
  forgetRedisRoutes();
  const { violations, counts: answers } = auditor;
  return { steps, seconds: now / 1000, violations, lines: world.lines, events: counts, answers, faults, trace };
}

/** Steps between two returns to Node's event loop, which reports what nobody handles. */
const TURN = 20_000;

/**
 * Calls `step` until it returns false, in callbacks of the event loop: within a promise's callback, those of other promises
 * cannot be made to run.
 */
function inTurns(step: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const turn = () => {
      try {
        for (let i = 0; i < TURN; i += 1) {
          if (step()) continue;
          resolve();
          return;
        }
        setImmediate(turn);
      } catch (error) {
        reject(error);
      }
    };
    setImmediate(turn);
  });
}

/** Faults, and a quiet time after each, in turn. */
function directFaults(parts: Omit<Stage, 'untilRestored'>, counts: Record<string, number>): void {
  const { world, workload, knowledge, denylist } = parts;
  const { scheduler, auditor, clients } = world;
  const { random } = scheduler;
  const names = possibleFaults(world.hasRedis);
  let restored: (() => void)[] = [];
  const stage: Stage = { ...parts, untilRestored: (end) => restored.push(end) };
  const later = (ms: number, run: () => void) => void scheduler.add(clients, 'director', ms, run);

  const beginFaults = () => {
    workload.isActing = true;
    const count = 1 + (random.once(2) ? 1 + random.below(2) : 0);
    let running = count;
    for (let i = 0; i < count; i += 1) {
      later(scheduler.between(0, 3_000) * i, () => {
        const name = names[random.below(names.length)] ?? '';
        counts[name] = (counts[name] ?? 0) + 1;
        world.note(`begins: ${name}`);
        const end = faultCalled(name)(stage);
        later(random.once(6) ? LONG_FAULT : scheduler.between(...FAULT), () => {
          world.note(`ends: ${name}`);
          end();
          running -= 1;
          if (running === 0) later(scheduler.between(0, 2_000), beginQuiet);
        });
      });
    }
  };

  const beginQuiet = () => {
    world.note('quiet');
    workload.isActing = false;
    const begun = world.now;
    const look = () => {
      const quiet = world.now - begun;
      const lacking = unrecovered(world, knowledge, denylist);
      if (lacking === null && quiet > QUIET) {
        for (const end of restored) end();
        restored = [];
        denylist.isComplete();
        beginFaults();
        return;
      }
      const limit = lacking?.startsWith('the denylist') ? DENYLIST_RECOVERED : RECOVERED;
      if (lacking !== null && quiet > limit)
        auditor.reports('not recovered', world.now, `${Math.round(quiet)} ms: ${lacking}`);
      else later(LOOK, look);
    };
    later(LOOK, look);
  };
  later(3_000, beginFaults);
}
