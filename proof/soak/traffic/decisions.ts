import { anyToken, bearer, mayBeRefused } from './people.ts';
import type { Operation } from './requests.ts';
import { anyAddress, judge } from './world.ts';

/** Another proxy asks about a request of its client. */
export const decision: Operation = async (world) => {
  const { random, people, decisions } = world;
  const token = anyToken(people, random);
  if (token === null) return;
  const path = `/api/v1/orders/${random.below(1_000)}`;
  const common = { authorization: bearer(token), 'x-forwarded-for': anyAddress(random) };
  const [door, own] = random.of<readonly [string, Record<string, string>]>([
    ['/auth-request', { 'x-original-method': 'GET', 'x-original-uri': path }],
    ['/forward-auth', { 'x-forwarded-method': 'GET', 'x-forwarded-uri': path }],
    [`/ext-authz${path}`, {}],
  ]);
  const begun = Date.now();
  const start = performance.now();
  const answer = await decisions.ask({ path: door, headers: { ...common, ...own } });
  judge(world, 'cleartext', { begun, latency: performance.now() - start }, answer, {
    operation: 'decision',
    statuses: mayBeRefused(token) ? [200, 401] : [200],
    wrong: ({ status, headers }) =>
      status === 200 && headers['x-user-id'] !== token.person.id
        ? `user ${headers['x-user-id']}, not ${token.person.id}`
        : null,
  });
};
