import { randomHex } from '../../gateway/http/random-hex.ts';
import type { Violation } from '../audit/events.ts';
import { Random } from '../random.ts';
import { directFaults } from './director.ts';
import type { FirstContent } from './image-of-gateway.ts';
import { type Installation, openInstallation } from './installation.ts';
import { forgetRedisRoutes } from './redis/client.ts';
import { RedisServer } from './redis/server.ts';
import { forgetSqlRoutes } from './sql/driver.ts';
import { Scheduler } from './time/scheduler.ts';
import { useScheduler } from './time/world.ts';

/** The result of one simulated world. */
export interface Simulated {
  readonly steps: number;
  /** Simulated seconds. */
  readonly seconds: number;
  readonly violations: readonly Violation[];
  /** What happened last before the first violation. */
  readonly lines: readonly string[];
  readonly events: Readonly<Record<string, number>>;
  /** Of each installation. */
  readonly answers: readonly Readonly<Record<string, number>>[];
  readonly faults: Readonly<Record<string, number>>;
  /** Of all events. */
  readonly trace: number;
}

/** One in so many worlds with Redis has two installations. */
const SHARED_ONCE_IN = 2;

/**
 * One world from its beginning, for so many steps or until the first violation.
 *
 * @param contents of the databases of two installations
 */
export async function simulate(
  seed: number,
  most: number,
  [own, other]: readonly [FirstContent, FirstContent],
): Promise<Simulated> {
  const random = new Random(seed);
  const scheduler = new Scheduler(random);
  useScheduler(scheduler);
  // What is left of the random digits of an earlier world.
  randomHex(8_192);
  const redis = { server: new RedisServer(scheduler, 'redis'), isUsed: !random.once(3) };
  const nodes = ['A', 'A2', 'B', 'C'].slice(0, 2 + random.below(3));
  const installations: [Installation, ...Installation[]] = [openInstallation(scheduler, nodes, own, redis)];
  // It has the same prefix in the same Redis, and accounts with the same ids.
  if (redis.isUsed && random.once(SHARED_ONCE_IN))
    installations.push(openInstallation(scheduler, ['X', 'Y'].slice(0, 1 + random.below(2)), other, redis));
  const faults: Record<string, number> = {};
  directFaults(scheduler, installations, faults);

  const violations = () => installations.flatMap(({ world }) => world.auditor.violations);
  const isRight = () => installations.every(({ world }) => world.auditor.violations.length === 0);
  await inTurns(() => scheduler.steps < most && isRight() && scheduler.step());
  const { steps, now, counts, trace } = scheduler;
  useScheduler(null);
  for (const { world } of installations) world.close();
  forgetSqlRoutes();
  forgetRedisRoutes();
  return {
    ...{ steps, seconds: now / 1000, violations: violations(), events: counts, faults, trace },
    lines: linesOf(installations),
    answers: installations.map(({ world }) => world.auditor.counts),
  };
}

/** What happened last to all, by its time, which each line begins with. */
function linesOf(installations: readonly Installation[]): string[] {
  const timeOf = (line: string) => Number.parseFloat(line);
  return installations.flatMap(({ world }) => world.lines).sort((one, other) => timeOf(one) - timeOf(other));
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
