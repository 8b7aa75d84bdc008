import v8 from 'node:v8';
import type { Random } from '../../random.ts';
import { eventQueue } from './event-queue.ts';
import type { Owner, Pending } from './pending.ts';

/** 2026-01-01: the time by true clocks when the simulation begins. */
const EPOCH = Date.UTC(2026, 0, 1);

/** Drains the microtasks at once. A hop through the real event loop would cost ten times as much as most events. */
const drain = withNatives(() => new Function('%PerformMicrotaskCheckpoint()') as () => void);

function withNatives<T>(compile: () => T): T {
  v8.setFlagsFromString('--allow-natives-syntax');
  const compiled = compile();
  v8.setFlagsFromString('--no-allow-natives-syntax');
  return compiled;
}

/** The simulated time, and everything that is going to happen. */
export class Scheduler {
  readonly random: Random;
  readonly #queue = eventQueue();
  /** Of owners that are paused. */
  readonly #held = new Map<Owner, Pending[]>();
  #now = 0;
  #owner: Owner | null = null;
  #trace = 0;
  readonly counts: Record<string, number> = {};
  steps = 0;

  constructor(random: Random) {
    this.random = random;
  }

  /** Milliseconds since the start, by a true monotonic clock. */
  get now(): number {
    return this.#now;
  }

  /** null: no event is happening, as while modules are loaded. */
  get owner(): Owner | null {
    return this.#owner;
  }

  /** A hash of all events so far: two runs with one seed have the same. */
  get trace(): number {
    return this.#trace >>> 0;
  }

  /** The wall clock of whoever runs. */
  wall(): number {
    return Math.floor(EPOCH + this.#now + (this.#owner?.wallOffset ?? 0));
  }

  /** @param after milliseconds */
  add(owner: Owner, kind: string, after: number, run: () => void): Pending {
    const event = { at: this.#now + Math.max(0, after), owner, kind, run };
    this.#queue.add(event);
    return event;
  }

  /** Milliseconds: from `least` to `most`, with fractions, so that few events coincide. */
  between(least: number, most: number): number {
    return least + (most - least) * (this.random.below(1_000_000) / 1_000_000);
  }

  /** What was to happen during the pause happens now, in its order. */
  resume(owner: Owner): void {
    owner.isPaused = false;
    const held = this.#held.get(owner) ?? [];
    this.#held.delete(owner);
    for (const event of held) {
      event.at = this.#now;
      this.#queue.add(event);
    }
  }

  /** Lets the next event happen. @returns whether there was one */
  step(): boolean {
    const event = this.#queue.next();
    if (event === null) return false;
    const { owner, run, kind } = event;
    if (run === null || owner.isDead) return true;
    if (owner.isPaused) {
      const held = this.#held.get(owner) ?? [];
      held.push(event);
      this.#held.set(owner, held);
      return true;
    }
    this.#now = Math.max(this.#now, event.at);
    this.steps += 1;
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    this.#trace = (Math.imul(this.#trace, 31) + Math.round(this.#now * 1000) + kind.length) | 0;
    this.#owner = owner;
    try {
      run();
      drain();
    } finally {
      this.#owner = null;
    }
    return true;
  }
}
