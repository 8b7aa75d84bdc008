import { setImmediate as nextTurn } from 'node:timers/promises';
import { GatewayError } from '../domain/errors.ts';
import type { Logger } from '../ops/log.ts';

/** It was taken, and whoever reads the mail of that address learns more. The same whichever accounts there are. */
export interface Asked {
  readonly kind: 'asked';
}

/** Work whose outcome, and the time that it takes, are nothing that whoever asked for it may learn. */
export interface Afterwards {
  /** Before there is anything to do. @throws GatewayError 503 when too much is waiting, or the database is out */
  requireReady(): Promise<void>;
  /** Does the work once the caller has had its answer. A failure is logged. @param work what it is, for the log */
  run(work: string, task: () => Promise<void>): void;
  /** Resolves when nothing is waiting or under way. */
  settled(): Promise<void>;
  /** What has not begun is not done any more, with a line in the log. */
  giveUp(): void;
}

const CAPACITY = 1_000;

/**
 * One task after the other: however many there are, requests have the database to themselves but for one query.
 *
 * @param ping throws GatewayError 503 when the database is out
 */
export function createAfterwards(log: Logger, ping: () => Promise<void>): Afterwards {
  let waiting = 0;
  let isGivenUp = false;
  let last = Promise.resolve();

  return {
    async requireReady() {
      if (waiting < CAPACITY) return await ping();
      throw new GatewayError('service_unavailable', 'too much is to be done after the answer', {
        headers: { 'Retry-After': '5' },
      });
    },
    run(work, task) {
      waiting += 1;
      last = last
        .then(() => nextTurn())
        .then(() => (isGivenUp ? undefined : task()))
        .catch((error: unknown) => {
          const fault = error instanceof GatewayError ? error.fault : 'gateway';
          log.error({ err: error, fault, work }, 'not done after the answer');
        })
        .finally(() => {
          waiting -= 1;
        });
    },
    async settled() {
      while (waiting > 0) await last;
    },
    giveUp() {
      isGivenUp = true;
      if (waiting > 0) log.error({ tasks: waiting }, 'not done after the answer: the gateway ends');
    },
  };
}
