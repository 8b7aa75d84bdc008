import type { Logger } from './log.ts';

/** Whether a store answers, as its callers report. */
export interface StoreState {
  readonly name: string;
  readonly isUp: boolean;
  /** Reports that the store has answered. */
  up(): void;
  /** Reports that the store has not answered. */
  down(cause: unknown): void;
}

/**
 * Logs one line for each change of the state, for any number of failures.
 *
 * @param describe returns why the store is down, and what to do
 */
export function watchStore(name: string, log: Logger, describe: (cause: unknown) => string = messageOf): StoreState {
  let isUp = true;
  let since = 0;
  return {
    name,
    get isUp() {
      return isUp;
    },
    up() {
      if (isUp) return;
      isUp = true;
      log.info({ store: name, seconds: Math.round((performance.now() - since) / 100) / 10 }, 'store is back');
    },
    down(cause) {
      if (!isUp) return;
      isUp = false;
      since = performance.now();
      log.error({ store: name, fault: name, cause: describe(cause) }, 'store is out');
    },
  };
}

/** Milliseconds without a failure before a flapping store counts as up again; doubled each time. */
const FIRST_QUIET = 1_000;
const LONGEST_QUIET = 5_000;
/** Milliseconds of uptime after which a store no longer counts as flapping. */
const STEADY = 60_000;

/** Suppresses flapping, when a store answers some queries and fails others. */
export function steadily(state: StoreState): StoreState {
  let failedAt = Number.NEGATIVE_INFINITY;
  let backAt = Number.NEGATIVE_INFINITY;
  let quiet = 0;
  return {
    name: state.name,
    get isUp() {
      return state.isUp;
    },
    up() {
      const now = performance.now();
      if (state.isUp || now - failedAt < quiet) return;
      backAt = now;
      state.up();
    },
    down(cause) {
      const now = performance.now();
      if (state.isUp) quiet = now - backAt < STEADY ? Math.min(Math.max(quiet * 2, FIRST_QUIET), LONGEST_QUIET) : 0;
      failedAt = now;
      state.down(cause);
    },
  };
}

function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.cause !== undefined) return messageOf(cause.cause);
  if (cause instanceof AggregateError && cause.errors.length > 0) return messageOf(cause.errors[0]);
  return cause.message;
}
