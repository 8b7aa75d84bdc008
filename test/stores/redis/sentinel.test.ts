import test from 'ava';
import { Redis } from 'ioredis';
import { connectRedis } from '../../../gateway/stores/redis/connect.ts';
import { whenReady } from '../../../gateway/stores/redis/when-ready.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { answerTo } from '../../support/stores/patiently.ts';
import { redisReplicas } from '../../support/stores/redis-replicas.ts';
import { locationOf, separateServices } from '../../support/stores/separate-services.ts';

test('a revocation arrives through the master that Sentinels name, in the database that is asked for', async (t) => {
  const { url, master, replica } = await redisReplicas(t);
  const services = await separateServices(t, `${url}/2`);
  await services.untilHeard();
  const jti = await services.revoke();
  await holds('the follower knows it', () => services.follower.mirror.isDenied(jti));
  for (const { port } of [master, replica]) {
    const inside = new Redis({ port, db: 2 });
    t.teardown(() => inside.disconnect());
    let found: string | null = null;
    const look = setInterval(async () => {
      found = await inside.get(`test:denylist:${jti}`);
    }, 10);
    t.teardown(() => clearInterval(look));
    await t.notThrowsAsync(holds('the denylist has it', () => found === '1'));
  }
});

for (const [fault, what] of [['kill', 'died'] as const, ['pause', 'hangs'] as const]) {
  test(`after a failover from a master that ${what}, revocations go on arriving`, async (t) => {
    const { url, master } = await redisReplicas(t);
    const services = await separateServices(t, url);
    await services.untilHeard();
    await master[fault]();
    await holds('Redis is reported out', () => services.followerRedis.isUp === false);
    await t.notThrowsAsync(services.untilHeard());
    const jti = await services.revoke();
    await holds('the follower knows it', () => services.follower.mirror.isDenied(jti));
    await holds('Redis is reported back', () => services.followerRedis.isUp === true);
  });
}

test('after a failover that an operator asked for, revocations go on arriving', async (t) => {
  const { url, failOver } = await redisReplicas(t);
  const services = await separateServices(t, url);
  await services.untilHeard();
  await failOver();
  await t.notThrowsAsync(services.untilHeard());
  const jti = await services.revoke();
  await holds('the follower knows it', () => services.follower.mirror.isDenied(jti));
});

test.serial('Sentinels that are gone or hang are passed over, and nothing is written to the console', async (t) => {
  const { url, sentinels } = await redisReplicas(t);
  const written: unknown[] = [];
  const original = console.error;
  console.error = (...args) => written.push(args);
  t.teardown(() => {
    console.error = original;
  });
  const [hanging, gone] = sentinels;
  const early = connectRedis(locationOf(url), 300);
  t.teardown(() => early.disconnect());
  await whenReady(early, 5_000);
  hanging?.pause();
  await gone?.kill();
  const late = connectRedis(locationOf(url), 300);
  t.teardown(() => late.disconnect());
  await whenReady(late, 5_000);
  t.is(await answerTo(() => late.ping()), 'PONG');
  early.disconnect(true);
  await holds('the one of before connects anew', () => early.status !== 'ready');
  await holds('the one of before is back, too', () => early.status === 'ready');
  t.is(await answerTo(() => early.ping()), 'PONG');
  t.deepEqual(written, []);
});
