import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Cluster } from 'ioredis';
import { connectRedis } from '../../../gateway/stores/redis/connect.ts';
import { whenReady } from '../../../gateway/stores/redis/when-ready.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { stopwatch } from '../../lab/waiting/stopwatch.ts';
import { PATIENT } from '../../support/stores/patiently.ts';
import { redisCluster } from '../../support/stores/redis-cluster.ts';
import type { RedisProcess } from '../../support/stores/redis-process.ts';
import { locationOf, separateServices } from '../../support/stores/separate-services.ts';

const TIMEOUT = 300;
/** Milliseconds that an answer may come later than asked for, on a machine under load. */
const SLACK = 4_000;

test('revocations arrive through a Cluster, whatever slots the prefix leads to', async (t) => {
  const nodes = await redisCluster(t);
  const inside = observer(t, nodes);
  for (const keyPrefix of ['gatehouse:', '{gatehouse}:']) {
    const services = await separateServices(t, urlOf(nodes), { keyPrefix });
    await services.untilHeard();
    // Enough for each of the three to hold some of those keys that are free to lie anywhere.
    const jtis = await Promise.all(Array.from({ length: 30 }, services.revoke));
    await holds(`all are known, with ${keyPrefix}`, () => jtis.every(services.follower.mirror.isDenied));
    for (const jti of jtis) {
      const life = await inside.pttl(`${keyPrefix}denylist:${jti}`);
      t.true(life > 0 && life <= 600_000, `${keyPrefix} ${life}`);
    }
  }
});

test('any one node of the Cluster is enough to find the others', async (t) => {
  const nodes = await redisCluster(t);
  const [dead, , alive] = nodes as [RedisProcess, RedisProcess, RedisProcess];
  for (const url of [`redis+cluster://127.0.0.1:1,127.0.0.1:${alive.port}`, `redis+cluster://localhost:${dead.port}`]) {
    const redis = connectRedis(locationOf(url), PATIENT);
    t.teardown(() => redis.disconnect());
    await whenReady(redis, PATIENT);
    for (let key = 0; key < 30; key++) t.is(await redis.set(`key:${key}`, '1'), 'OK');
  }
});

test('a node that hangs or is gone fails every command in time, and the Cluster is used when it is back', async (t) => {
  const nodes = await redisCluster(t);
  const redis = connectRedis(locationOf(urlOf(nodes)), TIMEOUT);
  t.teardown(() => redis.disconnect());
  await whenReady(redis, PATIENT);
  const keys = Array.from({ length: 12 }, (_, i) => `key:${i}`);

  const allSettle = async () => {
    const taken = stopwatch();
    const outcomes = await Promise.allSettled(keys.map((key) => redis.get(key)));
    t.true(taken() < TIMEOUT + SLACK, `${taken()} ms`);
    return outcomes.filter(({ status }) => status === 'rejected').length;
  };
  const untilWhole = async () => {
    for (const until = performance.now() + 15_000; performance.now() < until; ) {
      if ((await allSettle()) === 0) return;
      await delay(20);
    }
    throw new Error('the Cluster is not used');
  };

  await untilWhole();
  const [first] = nodes as [RedisProcess];
  first.pause();
  for (let round = 0; round < 8; round++) t.true((await allSettle()) > 0);
  first.continue();
  await untilWhole();

  await Promise.all(nodes.map((node) => Promise.resolve(node.pause())));
  for (let round = 0; round < 3; round++) t.is(await allSettle(), keys.length);
  for (const node of nodes) node.continue();
  await untilWhole();
});

function urlOf(nodes: readonly RedisProcess[]): string {
  return `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
}

/** The test's own client. */
function observer(t: ExecutionContext, nodes: readonly RedisProcess[]): Cluster {
  const cluster = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })));
  t.teardown(() => cluster.disconnect());
  return cluster;
}
