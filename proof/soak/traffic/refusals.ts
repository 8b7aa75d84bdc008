import { basic } from '../../../test/lab/gateways/gateway.ts';
import { bearer } from './people.ts';
import type { Operation } from './requests.ts';
import { expectAnswer } from './world.ts';

/** Milliseconds until each node must have learnt of a revocation, also while Redis is out and on a busy machine: `simulate` and `history` check the bound. */
const KNOWN_EVERYWHERE = 15_000;
/** From where somebody guesses passwords, until the gateway refuses to check them. */
const GUESSER = '192.0.2.7';
const PATH = '/api/v1/orders/1';

export const withoutCredentials: Operation = (world, target) =>
  expectAnswer(world, target, { path: PATH }, { operation: 'no credentials', statuses: [401] });

export const wrongPassword: Operation = (world, target) => {
  const { email } = world.random.of(world.people.confirmed);
  const authorization = basic({ email, password: `wrong ${world.random.below(1_000_000)}` });
  return expectAnswer(
    world,
    target,
    { path: PATH, headers: { authorization } },
    // Rarely, one address gets to the limit of one account.
    { operation: 'wrong password', statuses: [401, 429] },
  );
};

export const guess: Operation = (world, target) => {
  const authorization = basic({ email: 'person0@soak.test', password: `guess ${world.random.below(1_000_000)}` });
  return expectAnswer(
    world,
    target,
    { path: PATH, headers: { authorization, 'x-forwarded-for': GUESSER } },
    { operation: 'guess', statuses: [401, 429] },
  );
};

export const unknownAccount: Operation = (world, target) => {
  const authorization = basic({ email: `nobody${world.random.below(1_000_000)}@soak.test`, password: 'any' });
  return expectAnswer(
    world,
    target,
    { path: PATH, headers: { authorization } },
    { operation: 'unknown account', statuses: [401, 429] },
  );
};

export const unconfirmed: Operation = (world, target) =>
  expectAnswer(
    world,
    target,
    { path: PATH, headers: { authorization: basic(world.random.of(world.people.unconfirmed)) } },
    { operation: 'unconfirmed', statuses: [403] },
  );

/** A token that was revoked or has expired, and one that nobody issued. */
export const deadToken: Operation = async (world, target) => {
  const { random, people } = world;
  const token = people.dead[random.below(Math.max(1, people.dead.length))];
  const isOver = (at: number | null) => at !== null && at + KNOWN_EVERYWHERE < Date.now();
  if (token === undefined || !(isOver(token.revokedAt) || isOver(token.expiresAt))) return;
  const authorization = random.once(10) ? `Bearer ${token.text.slice(0, -4)}AAAA` : bearer(token);
  await expectAnswer(
    world,
    target,
    { path: PATH, headers: { authorization } },
    { operation: 'dead token', statuses: [401] },
  );
};

/** Requests that are refused for what they ask. */
export const misdirected: Operation = (world, target) => {
  const { random, people } = world;
  const [path, statuses] = random.of<readonly [string, readonly number[]]>([
    ['/api/v1/nothing/here', [404]],
    ['/nothing/here', [404]],
    ['/api/v1/orders/a%2fb', [400]],
    // 431 on a connection whose lines the gateway no longer reads by itself.
    [`/api/v1/orders/${'x'.repeat(17_000)}`, [414, 431]],
  ]);
  const authorization = basic(random.of(people.confirmed));
  return expectAnswer(world, target, { path, headers: { authorization } }, { operation: 'misdirected', statuses });
};
