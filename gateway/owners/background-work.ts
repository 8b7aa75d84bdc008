import { setImmediate as nextTurn } from 'node:timers/promises';
import { GatewayError } from '../domain/errors.ts';
import type { Logger } from '../ops/log.ts';
import { within } from '../stores/database/deadline.ts';

/** The request was accepted; the result is mailed to the address. The same whether or not there is an account. */
export interface Accepted {
  readonly kind: 'accepted';
}

/** Work after the response, so that neither its content nor its timing reveals which accounts exist (account enumeration). */
export interface BackgroundWork {
  /** Call before the response. @throws GatewayError 503 when too much work is waiting, or the database is unavailable */
  requireReady(): Promise<void>;
  /** Runs the task after the response. Logs failures. @param work the name of the task, for the log */
  run(work: string, task: () => Promise<void>): void;
  /** Resolves when no task is waiting or running. */
  settled(): Promise<void>;
  /** Resolves as `settled`, or after `ms` milliseconds: drops the tasks that have not begun then, and logs how many. */
  close(ms: number): Promise<void>;
}

const CAPACITY = 1_000;

/**
 * Runs one task after another, so that they never use more than one connection to the database.
 *
 * @param ping throws GatewayError 503 when the database is unavailable
 */
export function createBackgroundWork(log: Logger, ping: () => Promise<void>): BackgroundWork {
  let waiting = 0;
  let isGivenUp = false;
  let last = Promise.resolve();

  const settled = async () => {
    while (waiting > 0) await last;
  };
  const giveUp = () => {
    isGivenUp = true;
    if (waiting > 0) log.error({ tasks: waiting }, 'background work dropped: the gateway stops');
  };

  return {
    async requireReady() {
      if (waiting < CAPACITY) return await ping();
      throw new GatewayError('service_unavailable', 'too much background work is waiting', {
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
          log.error({ err: error, fault, work }, 'background work failed');
        })
        .finally(() => {
          waiting -= 1;
        });
    },
    settled,
    close: (ms) => within(ms, settled()).catch(giveUp),
  };
}
