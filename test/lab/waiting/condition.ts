import { setTimeout as delay } from 'node:timers/promises';
import { stopwatch } from './stopwatch.ts';

/**
 * Resolves as soon as the condition holds.
 *
 * @param within milliseconds until it rejects. The default is long enough for a busy machine, and below the ten seconds of some
 *   timeouts of the gateway.
 */
export async function holds(what: string, condition: () => boolean | Promise<boolean>, within = 9_000): Promise<void> {
  const passed = stopwatch();
  while (!(await condition())) {
    if (passed() > within) throw new Error(`not within ${within} ms: ${what}`);
    // Each look may cost a request: the longer it takes, the fewer.
    await delay(5 + Math.min(45, passed() / 20));
  }
}
