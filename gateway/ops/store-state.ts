import type { Logger } from './log.ts';

/** Whether a store answers, as those who ask it all the time report. */
export interface StoreState {
  readonly name: string;
  readonly isUp: boolean;
  /** It answered. */
  up(): void;
  /** It did not. */
  down(cause: unknown): void;
}

/** Writes one line for each change, however many failures there are in between. */
export function watchStore(name: string, log: Logger): StoreState {
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
      log.error({ store: name, fault: name, cause: messageOf(cause) }, 'store is out');
    },
  };
}

function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.cause !== undefined) return messageOf(cause.cause);
  if (cause instanceof AggregateError && cause.errors.length > 0) return messageOf(cause.errors[0]);
  return cause.message;
}
