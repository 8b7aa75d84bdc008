import { setTimeout as pause } from 'node:timers/promises';
import { anyOperation } from './mix.ts';
import { issue } from './token-life.ts';
import type { Target, World } from './world.ts';

/** Requests at a constant rate, whatever becomes of those before (open loop). */
export interface Load {
  readonly underWay: number;
  /** Sends no more. Resolves when all answers are there. */
  end(): Promise<void>;
}

/** Milliseconds between two handfuls of requests. */
const STEP = 20;
const MOST_UNDER_WAY = 2_000;
/** Milliseconds: streams and WebSockets, which take longer, go on beside the next request. */
const LONG = 200;
const FIRST_TOKENS = 500;
/** Of four requests. */
const OVER_CLEARTEXT = 3;

/** Issues the tokens that the load begins with. */
export async function issueFirst(world: World): Promise<void> {
  for (let i = 0; i < FIRST_TOKENS; i += 1) await issue(world, anyTarget(world));
}

/** @param rate requests per second */
export function startLoad(world: World, rate: number): Load {
  const underWay = new Set<Promise<unknown>>();
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    for (const due = ((performance.now() - start) / 1_000) * rate; sent < due; sent += 1) {
      if (underWay.size >= MOST_UNDER_WAY) {
        world.tally.heldBack();
        continue;
      }
      const target = anyTarget(world);
      const one: Promise<unknown> = anyOperation(world.random)(world, target)
        .catch((error: Error) =>
          world.tally.unexpected('soak', null, 0, { node: target.name, id: null, message: String(error.stack) }),
        )
        .finally(() => underWay.delete(one));
      underWay.add(one);
    }
  }, STEP);
  return {
    get underWay() {
      return underWay.size;
    },
    async end() {
      clearInterval(timer);
      await Promise.allSettled(underWay);
    },
  };
}

/** As many requests as the gateways answer, over so many connections. @returns requests per second */
export async function measureCapacity(world: World, seconds: number, connections: number): Promise<number> {
  const until = performance.now() + seconds * 1_000;
  let answered = 0;
  const one = async () => {
    while (performance.now() < until) {
      await Promise.race([anyOperation(world.random)(world, anyTarget(world)), pause(LONG)]);
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return answered / seconds;
}

function anyTarget({ targets: [first, ...others], random }: World): Target {
  return others[0] !== undefined && random.below(4) >= OVER_CLEARTEXT ? others[0] : first;
}
