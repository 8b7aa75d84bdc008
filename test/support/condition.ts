import { setTimeout as delay } from 'node:timers/promises';

/**
 * Resolves as soon as the condition holds.
 *
 * @param within milliseconds; it rejects when they are over
 */
export async function holds(what: string, condition: () => boolean | Promise<boolean>, within = 5_000): Promise<void> {
  const until = performance.now() + within;
  while (!(await condition())) {
    if (performance.now() > until) throw new Error(`not within ${within} ms: ${what}`);
    await delay(5);
  }
}
