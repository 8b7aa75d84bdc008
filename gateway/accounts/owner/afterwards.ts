import { setImmediate as nextTurn } from 'node:timers/promises';
import { GatewayError } from '../../errors.ts';
import type { Logger } from '../../ops/log.ts';

/** Work whose outcome, and the time that it takes, are nothing that whoever asked for it may learn. */
export interface Afterwards {
  /** Before there is anything to do. @throws GatewayError 503 when too much is waiting */
  requireRoom(): void;
  /** Does the work once the caller has had its answer. A failure is logged. @param work what it is, for the log */
  run(work: string, task: () => Promise<void>): void;
  /** Resolves when nothing is waiting or under way. */
  settled(): Promise<void>;
}

const CAPACITY = 1_000;

/** One task after the other: however many there are, requests have the database to themselves but for one query. */
export function createAfterwards(log: Logger): Afterwards {
  let waiting = 0;
  let last = Promise.resolve();

  return {
    requireRoom() {
      if (waiting < CAPACITY) return;
      throw new GatewayError('service_unavailable', 'too much is to be done after the answer', {
        headers: { 'Retry-After': '5' },
      });
    },
    run(work, task) {
      waiting += 1;
      last = last
        .then(() => nextTurn())
        .then(task)
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
  };
}
