import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds for an answer of a server, where what takes time is no test's subject: a busy machine is no outage. */
export const PATIENT = 5_000;
/** Milliseconds after which a failure is not the machine's. */
const LIMIT = 10_000;

/**
 * What a command is answered with, where a busy machine may need longer than the timeout that the test gave its client: it is
 * asked again then. A failure that stays is thrown.
 */
export async function answerTo<T>(command: () => Promise<T>): Promise<T> {
  for (const until = performance.now() + LIMIT; ; await delay(20)) {
    try {
      return await command();
    } catch (error) {
      if (performance.now() > until) throw error;
    }
  }
}
