import { setTimeout as delay } from 'node:timers/promises';
import { stopwatch } from './stopwatch.ts';

/**
 * Resolves as soon as the condition holds.
 *
 * @param within milliseconds; it rejects when they are over. Those that are meant when none are named are many for a machine
 *   with much else to do, and yet fewer than the ten seconds after which the gateway gives up some things by itself.
 */
export async function holds(what: string, condition: () => boolean | Promise<boolean>, within = 9_000): Promise<void> {
  const passed = stopwatch();
  while (!(await condition())) {
    if (passed() > within) throw new Error(`not within ${within} ms: ${what}`);
    await delay(5);
  }
}
