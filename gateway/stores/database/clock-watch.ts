import type { Logger } from '../../ops/log.ts';
import { type ClockReading, differenceOf } from './clock.ts';

/** The difference between the clocks of this process and of a store. */
export interface ClockWatch {
  readonly store: 'database' | 'redis';
  /** Milliseconds that this process is ahead; negative: behind. */
  readonly difference: number;
  /** The name in readiness reports. */
  readonly name: 'clock';
  /** Whether the difference is small enough for this node to be ready. */
  readonly isUp: boolean;
  compare(reading: ClockReading): void;
}

/** Milliseconds of difference above which it is logged, and below which recovery is logged. */
const TOLD = 2_000;
const WELL = 1_000;
/** Milliseconds of difference above which this node is not ready. */
export const CLOCK_BOUND = 20_000;

/** Logs when the clocks diverge, when they diverge too far, and when they agree again: each once. */
export function watchClock(store: ClockWatch['store'], log: Logger): ClockWatch {
  let difference = 0;
  let told: 'nothing' | 'apart' | 'wrong' = 'nothing';

  const tell = (level: 'info' | 'warn' | 'error', msg: string) =>
    log[level]({ clock: store, seconds: Math.round(difference / 100) / 10 }, msg);

  return {
    store,
    get difference() {
      return difference;
    },
    name: 'clock',
    get isUp() {
      // Nothing depends on the time of Redis.
      return store === 'redis' || Math.abs(difference) < CLOCK_BOUND;
    },
    compare(reading) {
      difference = differenceOf(reading);
      const size = Math.abs(difference);
      if (size >= CLOCK_BOUND && store === 'database') {
        if (told !== 'wrong') tell('error', `${WORDS.database}, by so much that this node is not ready: set its clock`);
        told = 'wrong';
      } else if (size >= TOLD) {
        if (told === 'nothing') tell('warn', `${WORDS[store]}: have both keep time by NTP`);
        told = 'apart';
      } else if (size < WELL) {
        if (told !== 'nothing') tell('info', 'the clocks agree again');
        told = 'nothing';
      }
    },
  };
}

const WORDS = {
  database: "this node's clock differs from the database's",
  redis: "this node's clock differs from Redis's",
} as const;
