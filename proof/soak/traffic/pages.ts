import { visitor } from '../../../test/support/pages/page-visitor.ts';
import type { Answered } from './client.ts';
import type { Operation } from './requests.ts';
import { judge } from './world.ts';

/** Logs in on the account pages, looks at them, and mostly logs out; other sessions expire. */
export const pages: Operation = async (world) => {
  // Only without TLS: the visitor trusts no self-signed certificate.
  const [{ name, client }] = world.targets;
  const person = world.random.of(world.people.confirmed);
  const browser = visitor(client.url);
  const step = async (operation: string, status: number, act: () => ReturnType<typeof browser.get>) => {
    const begun = Date.now();
    const start = performance.now();
    const answer: Answered = await act().then(
      (shown) => ({ ...shown, isWhole: true, failure: '' }),
      (error: Error) => ({ status: null, headers: {}, body: '', isWhole: false, failure: error.message }),
    );
    judge(world, name, { begun, latency: performance.now() - start }, answer, {
      operation,
      statuses: [status],
      needsRedis: true,
    });
    return answer.status === status;
  };
  const { email, password } = person;
  if (!(await step('log in', 303, () => browser.post('/account/login', { email, password })))) return;
  if (!(await step('pages', 200, () => browser.get('/account')))) return;
  if (world.random.once(3)) return;
  await step('log out', 303, () => browser.post('/account/logout', {}, '/account'));
};
