import type { Logger } from '../../ops/log.ts';
import { type ClockReading, differenceOf } from './clock.ts';

/** The difference between the clocks of this process and of a store. */
export interface ClockWatch {
  readonly store: 'database' | 'redis';
  /** Milliseconds by which this process is ahead; negative: behind. */
  readonly difference: number;
  /** The name in readiness reports. */
  readonly name: 'clock';
  /** Whether the difference is small enough for this node to be ready. */
  readonly isUp: boolean;
  compare(reading: ClockReading): void;
}

/** Milliseconds of difference above which a warning is logged, and below which the recovery is logged. */
const WARN_ABOVE = 2_000;
const RECOVERED_BELOW = 1_000;
/** Milliseconds of difference above which this node is not ready. */
export const CLOCK_BOUND = 20_000;

/** Logs once each when the clocks diverge, when they diverge too far, and when they agree again. */
export function watchClock(store: ClockWatch['store'], log: Logger): ClockWatch {
  let difference = 0;
  let logged: 'nothing' | 'warning' | 'error' = 'nothing';

  const write = (level: 'info' | 'warn' | 'error', msg: string) =>
    log[level]({ clock: store, seconds: Math.round(difference / 100) / 10 }, msg);

  return {
    store,
    get difference() {
      return difference;
    },
    name: 'clock',
    get isUp() {
      // No rule uses the time of Redis.
      return store === 'redis' || Math.abs(difference) < CLOCK_BOUND;
    },
    compare(reading) {
      difference = differenceOf(reading);
      const size = Math.abs(difference);
      if (size >= CLOCK_BOUND && store === 'database') {
        if (logged !== 'error')
          write('error', `${WORDS.database} by 20 s or more, so this node is not ready: set its clock`);
        logged = 'error';
      } else if (size >= WARN_ABOVE) {
        if (logged === 'nothing') write('warn', `${WORDS[store]}: synchronise both with NTP`);
        logged = 'warning';
      } else if (size < RECOVERED_BELOW) {
        if (logged !== 'nothing') write('info', 'the clocks agree again');
        logged = 'nothing';
      }
    },
  };
}

const WORDS = {
  database: "this node's clock differs from the database's",
  redis: "this node's clock differs from Redis's",
} as const;
