import test from 'ava';
import { Agent, request } from 'undici';
import { ADA, BOB, basic } from '../../lab/gateways/gateway.ts';
import { type GatewayNode, gateways, type NodeProcess } from '../../lab/gateways/nodes.ts';
import { fileScope } from '../../lab/scope.ts';
import { temporaryDatabase } from '../../lab/stores/database.ts';
import { type PrivateRedis, privateRedis } from '../../lab/stores/redis-server.ts';
import { httpUpstream, type TestUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';

/** Limits that are refilled too slowly to matter, and one that is refilled at once. */
const LIMITS = {
  one: { requests: 1, per: '31d', by: 'account' },
  few: { requests: 3, per: '31d', by: 'account' },
  many: { requests: 800, per: '31d', by: 'account' },
  burst: { requests: 50, per: '1s', by: 'account' },
};

const scope = fileScope();
/** Two nodes of two workers each, that share a Redis. */
let nodes: readonly GatewayNode[];
/** A node of two workers, without Redis. */
let single: NodeProcess;
let configureSingle: (limits: object) => Promise<unknown>;
let redis: PrivateRedis;
let upstream: TestUpstream;

test.before(async (t) => {
  t.timeout(180_000, 'nine processes start');
  redis = await privateRedis(scope);
  upstream = await httpUpstream(scope);
  const location = await temporaryDatabase(scope, 'mysql');
  const group = await gateways(scope, { location, redis: redis.url, upstream: upstream.url });
  const settings = {
    workers: 2,
    limits: LIMITS as object,
    routes: Object.keys(LIMITS).map((name) => ({
      name,
      path: `/api/v1/${name}`,
      upstream: upstream.url,
      limits: name,
    })),
  };
  // On a busy machine an answer may take longer than the default of half a second, after which Redis counts as out.
  const withRedis = { ...settings, redis: { url: redis.url, timeout: '3s' } };
  const withoutRedis = { ...settings, redis: { url: '' } };
  single = await group.start('C', withoutRedis);
  configureSingle = (limits) => group.configure('C', { ...withoutRedis, limits });
  // One after the other: on a busy machine, nine processes at once would take too long for each.
  nodes = [await group.start('A', withRedis), await group.start('B', withRedis)];
});

interface Sent {
  /** How many answers had each status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** What the upstream has counted. */
  readonly passed: number;
  readonly seconds: number;
}

/** Sends requests over many connections to each node, so that each worker gets some. */
async function send(
  to: readonly GatewayNode[],
  limit: keyof typeof LIMITS,
  who: typeof ADA,
  count: number,
): Promise<Sent> {
  const dispatcher = new Agent({ connections: 8, pipelining: 1 });
  const seenBefore = upstream.seen.length;
  const statuses: Record<number, number> = {};
  const startedAt = performance.now();
  const answers = Array.from({ length: count }, async (_, index) => {
    const node = to[index % to.length] as GatewayNode;
    const { statusCode, body } = await request(`${node.url}/api/v1/${limit}`, {
      dispatcher,
      headers: { authorization: basic(who) },
    });
    await body.dump();
    statuses[statusCode] = (statuses[statusCode] ?? 0) + 1;
  });
  await Promise.all(answers);
  const seconds = (performance.now() - startedAt) / 1_000;
  await dispatcher.close();
  const passed = upstream.seen.slice(seenBefore).filter(({ url }) => url === `/api/v1/${limit}`).length;
  return { statuses, passed, seconds };
}

for (const [where, to] of [
  ['two nodes of two workers', () => nodes],
  ['two workers without Redis', () => [single]],
] as const) {
  test.serial(`small limits are exact over ${where}`, async (t) => {
    t.deepEqual((await send(to(), 'one', ADA, 24)).statuses, { 200: 1, 429: 23 });
    t.deepEqual((await send(to(), 'few', ADA, 24)).statuses, { 200: 3, 429: 21 });
    t.deepEqual((await send(to(), 'few', ADA, 8)).statuses, { 429: 8 });
  });

  test.serial(`over ${where}, the upstream counts as many as are allowed, and at most 5 % more`, async (t) => {
    const { passed, statuses } = await send(to(), 'many', ADA, 1_000);
    t.true(passed >= 800 && passed <= 840, `${passed} passed`);
    t.deepEqual(statuses, { 200: passed, 429: 1_000 - passed });
  });

  test.serial(`a limit of few a second holds over ${where}`, async (t) => {
    const { passed, seconds, statuses } = await send(to(), 'burst', ADA, 400);
    t.true(passed >= 50 && passed <= 52 + 50 * seconds, `${passed} in ${seconds} s`);
    t.deepEqual(Object.keys(statuses), ['200', '429']);
  });
}

test.serial('a reload applies a changed limit at once, and leaves the others their counts', async (t) => {
  await configureSingle({ ...LIMITS, few: { ...LIMITS.few, requests: 5 } });
  process.kill(single.pid, 'SIGHUP');
  await holds('the reload', () => single.log.some(({ msg }) => msg === 'configuration taken over'));
  t.deepEqual((await send([single], 'few', ADA, 24)).statuses, { 200: 5, 429: 19 });
  t.deepEqual((await send([single], 'one', ADA, 8)).statuses, { 429: 8 });
});

test.serial(
  'while Redis is out each process goes on with its part, nobody gets another answer, and the counts join again',
  async (t) => {
    let passed = 0;
    const go = async (count: number) => {
      const sent = await send(nodes, 'many', BOB, count);
      passed += sent.passed;
      t.deepEqual(
        Object.keys(sent.statuses).filter((status) => status !== '200' && status !== '429'),
        [],
      );
      return sent;
    };
    t.deepEqual((await go(200)).statuses, { 200: 200 });
    await redis.kill();
    t.deepEqual((await go(200)).statuses, { 200: 200 });
    await redis.start();
    await untilSaid('store is back', 1);
    redis.pause();
    await go(100);
    await untilSaid('store is out', 2);
    redis.continue();
    await untilSaid('store is back', 2);
    await redis.restartEmpty();
    await untilSaid('store is back', 3);
    await go(800);
    // A report whose answer is lost may count twice.
    t.true(passed >= 760 && passed <= 840, `${passed} passed`);
  },
);

/** Resolves when both workers of both nodes have said this of Redis so often. */
function untilSaid(change: string, times: number): Promise<void> {
  return holds(`${change}, ${times} times`, () =>
    nodes.every((node) => node.changes('redis').filter((one) => one === change).length >= 2 * times),
  );
}
