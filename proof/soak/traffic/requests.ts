import { basic } from '../../../test/lab/gateways/gateway.ts';
import type { Call } from './client.ts';
import { anyToken, bearer, mayBeRefused, type Person } from './people.ts';
import { anyAddress, type Expectation, expectAnswer, judge, type Target, type World } from './world.ts';

/** Sends one request, or several that belong together, and judges the answers. */
export type Operation = (world: World, target: Target) => Promise<unknown>;

type Plan = Omit<Call, 'headers'> & Omit<Expectation, 'statuses'> & { readonly statuses?: readonly number[] };

/** Sends a request with a live token; its answer must fit, also if the token is revoked meanwhile. */
export async function withToken(world: World, { name, client }: Target, plan: Plan): Promise<void> {
  const { random, people } = world;
  const token = anyToken(people, random);
  if (token === null) return;
  const { method = 'GET', path, body, statuses = [200], ...rest } = plan;
  const asBasic = `Basic ${Buffer.from(`${token.text}:`).toString('base64')}`;
  const headers = { authorization: random.once(4) ? asBasic : bearer(token), 'x-forwarded-for': anyAddress(random) };
  const begun = Date.now();
  const start = performance.now();
  const answer = await client.ask({ method, path, headers, ...(body !== undefined && { body }) });
  judge(world, name, { begun, latency: performance.now() - start }, answer, {
    wrong: ({ status, body: text }) =>
      status === 200 && text.startsWith('{') ? wrongEcho(text, token.person, body?.length ?? 0) : null,
    ...rest,
    statuses: mayBeRefused(token) ? [...statuses, 401] : statuses,
  });
}

/** The upstream says whom it was told, and how many bytes it got. */
function wrongEcho(text: string, { id }: Person, bytes: number): string | null {
  const wanted = JSON.stringify({ user: id, bytes });
  return text === wanted ? null : `the upstream says ${text.slice(0, 200)}, not ${wanted}`;
}

function path(world: World, route: string): string {
  return `/api/v1/${route}/${world.random.below(100_000)}?page=${world.random.below(50)}`;
}

export const getWithToken: Operation = (world, target) =>
  withToken(world, target, { operation: 'get', path: path(world, 'orders') });

export const getWithPassword: Operation = (world, target) => {
  const person = world.random.of(world.people.confirmed);
  return expectAnswer(
    world,
    target,
    { path: path(world, 'orders'), headers: { authorization: basic(person) } },
    { operation: 'password', statuses: [200], wrong: ({ body }) => wrongEcho(body, person, 0) },
  );
};

/** @param bytes at most */
export function post(operation: string, bytes: number): Operation {
  const block = Buffer.alloc(bytes, 'x');
  return (world, target) =>
    withToken(world, target, {
      operation,
      method: 'POST',
      path: path(world, 'files'),
      body: block.subarray(0, bytes - world.random.below(Math.ceil(bytes / 10))),
    });
}

export const largeAnswer: Operation = (world, target) =>
  withToken(world, target, { operation: 'large answer', path: `/api/v1/files/bytes-${world.random.below(300_000)}` });

/** An answer that comes in pieces for a while. */
export const stream: Operation = (world, target) => {
  const pieces = world.random.mostly(20, 10, 100);
  return withToken(world, target, {
    operation: 'stream',
    path: `/api/v1/orders/pieces-${pieces}x${20 + world.random.below(80)}`,
    // A stream ends when its token is revoked.
    maybeCut: true,
  });
};

export const legacy: Operation = (world, target) =>
  withToken(world, target, { operation: 'http-proxy-middleware', path: path(world, 'legacy') });

export const limited: Operation = (world, target) =>
  withToken(world, target, { operation: 'limited', path: path(world, 'limited'), statuses: [200, 429] });

export const open: Operation = (world, target) =>
  expectAnswer(
    world,
    target,
    { path: `/public/${world.random.below(1_000)}` },
    { operation: 'public', statuses: [200] },
  );

export const preflight: Operation = (world, target) => {
  const headers = { origin: 'https://app.test', 'access-control-request-method': 'POST' };
  return expectAnswer(
    world,
    target,
    { method: 'OPTIONS', path: path(world, 'web'), headers },
    { operation: 'preflight', statuses: [204] },
  );
};

/** What goes wrong at the upstream: 1 % of all requests. */
export const failing: Operation = (world, target) => {
  const [what, statuses] = world.random.of<readonly [string, readonly number[]]>([
    // Also 504, where the machine is busy.
    ['shaky/reset', [502, 504]],
    ['shaky/cut', [200, 504]],
    ['shaky/slow', [504]],
    ['dead/1', [502, 503]],
  ]);
  return withToken(world, target, { operation: `failing ${what}`, path: `/api/v1/${what}`, statuses, maybeCut: true });
};
