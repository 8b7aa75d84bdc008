import { registerHooks } from 'node:module';
import { runningScheduler } from './world.ts';

/**
 * Replaces clocks, timers and random numbers in this process, for code that runs within an event of a simulation. Import this
 * before any module of the gateway: they keep what they have imported.
 */

/** Modules of Node and packages, by the module of this folder that the gateway gets instead. */
const REPLACED: Readonly<Record<string, string>> = {
  'node:timers/promises': new URL('./timers-promises.ts', import.meta.url).href,
  'node:crypto': new URL('./seeded-crypto.ts', import.meta.url).href,
  ioredis: new URL('../redis/client.ts', import.meta.url).href,
};
const GATEWAY = new URL('../../../gateway/', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const url = context.parentURL?.startsWith(GATEWAY) === true ? REPLACED[specifier] : undefined;
    return url === undefined ? next(specifier, context) : { url, format: 'module-typescript', shortCircuit: true };
  },
});

const real = {
  now: performance.now.bind(performance),
  wall: Date.now,
  setTimeout,
  setInterval,
  clearTimeout,
  clearInterval,
};

performance.now = () => runningScheduler()?.now ?? real.now();
Date.now = () => runningScheduler()?.wall() ?? real.wall();

/** Milliseconds by which timers are late. */
const LATE = 1.5;

class SimulatedTimer {
  #cancel: () => void = () => {};
  constructor(start: (timer: SimulatedTimer) => () => void) {
    this.#cancel = start(this);
  }
  become(cancel: () => void) {
    this.#cancel = cancel;
  }
  cancel() {
    this.#cancel();
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  hasRef() {
    return true;
  }
}

function begin(run: () => void, ms: number, isRepeated: boolean): SimulatedTimer | null {
  const scheduler = runningScheduler();
  const owner = scheduler?.owner;
  if (scheduler == null || owner == null) return null;
  const plan = (timer: SimulatedTimer) => {
    const event = scheduler.add(owner, 'timer', Math.max(1, ms || 0) + scheduler.between(0, LATE), () => {
      if (isRepeated) timer.become(plan(timer));
      run();
    });
    return () => {
      event.run = null;
    };
  };
  return new SimulatedTimer(plan);
}

function replaced<Timer>(usual: (run: () => void, ms?: number) => Timer, isRepeated: boolean) {
  return (run: (...values: unknown[]) => void, ms = 0, ...values: unknown[]) =>
    begin(() => run(...values), ms, isRepeated) ?? usual(() => run(...values), ms);
}

function clearedBy(usual: (timer: never) => void) {
  return (timer: unknown) => (timer instanceof SimulatedTimer ? timer.cancel() : usual(timer as never));
}

Object.assign(globalThis, {
  setTimeout: replaced(real.setTimeout, false),
  setInterval: replaced(real.setInterval, true),
  clearTimeout: clearedBy(real.clearTimeout),
  clearInterval: clearedBy(real.clearInterval),
});
