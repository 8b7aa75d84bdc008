import test from 'ava';
import { Redis } from 'ioredis';
import { connectRedis } from '../../../gateway/stores/redis/connect.ts';
import { whenReady } from '../../../gateway/stores/redis/when-ready.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { stopwatch } from '../../lab/waiting/stopwatch.ts';
import { answerTo, PATIENT } from '../../support/stores/patiently.ts';
import { redisProcess } from '../../support/stores/redis-process.ts';
import { locationOf, separateServices } from '../../support/stores/separate-services.ts';

const TIMEOUT = 200;
/** Milliseconds that an answer may come later than asked for, on a machine under load. */
const SLACK = 4_000;

test('a revocation arrives through a Redis with a user, a password and a database number', async (t) => {
  const user = ['--user', 'gate', 'on', '>p@ss/w:rd', '~*', '&*', '+@all'].join(' ');
  const { port } = await redisProcess(t, () => ['--requirepass', 'other', ...user.split(' ')]);
  const services = await separateServices(t, `redis://gate:p%40ss%2Fw%3Ard@127.0.0.1:${port}/3`);
  await services.untilHeard();

  const jti = await services.revoke();
  await holds('the follower knows it', () => services.follower.mirror.isDenied(jti));
  const inside = new Redis({ port, db: 3, password: 'other' });
  t.teardown(() => inside.disconnect());
  t.is(await inside.get(`test:denylist:${jti}`), '1');
  const life = await inside.pttl(`test:denylist:${jti}`);
  t.true(life > 590_000 && life <= 600_000, String(life));
  await inside.select(0);
  t.deepEqual(await inside.keys('*'), []);
});

test('a password without a user, of the form of old servers, is enough', async (t) => {
  const { port } = await redisProcess(t, () => ['--requirepass', 'secret']);
  const services = await separateServices(t, `redis://:secret@127.0.0.1:${port}`);
  await t.notThrowsAsync(services.untilHeard());
});

test('a wrong password is an outage that is reported, and revoking goes on without', async (t) => {
  const { port } = await redisProcess(t, () => ['--requirepass', 'secret']);
  const services = await separateServices(t, `redis://:wrong@127.0.0.1:${port}`, { timeout: TIMEOUT });
  await holds('Redis is reported out', () => services.followerRedis.isUp === false);
  await t.notThrowsAsync(services.revoke());
});

test('a server that hangs fails every command within the timeout, also on new connections, and is used when it goes on', async (t) => {
  const server = await redisProcess(t);
  const redis = connectRedis(locationOf(`redis://127.0.0.1:${server.port}`), TIMEOUT);
  t.teardown(() => redis.disconnect());
  await whenReady(redis, 5_000);
  await answerTo(() => redis.set('key', 'value'));

  server.pause();
  for (let attempt = 0; attempt < 4; attempt++) {
    const taken = stopwatch();
    await t.throwsAsync(() => redis.get('key'));
    t.true(taken() < TIMEOUT + SLACK, `${taken()} ms`);
  }
  // Whoever connects now is accepted by the kernel and answered by nobody.
  const late = connectRedis(locationOf(`redis://127.0.0.1:${server.port}`), TIMEOUT);
  t.teardown(() => late.disconnect());
  const taken = stopwatch();
  await whenReady(late, TIMEOUT);
  await t.throwsAsync(() => late.get('key'));
  t.true(taken() < TIMEOUT + SLACK, `${taken()} ms`);

  server.continue();
  for (const client of [redis, late]) {
    await holds('the client is ready again', () => client.status === 'ready');
    t.is(await answerTo(() => client.get('key')), 'value');
  }
});

test('a connection on which nothing comes back is given up for a new one', async (t) => {
  const server = await redisProcess(t);
  const redis = connectRedis(locationOf(`redis://127.0.0.1:${server.port}`), TIMEOUT);
  t.teardown(() => redis.disconnect());
  await whenReady(redis, 5_000);
  const first = await answerTo(() => redis.client('ID'));

  server.pause();
  await t.throwsAsync(() => redis.get('key'));
  await holds('the connection is given up', () => redis.status !== 'ready');
  server.continue();
  await holds('there is a new one', () => redis.status === 'ready');
  t.not(await answerTo(() => redis.client('ID')), first);
});

test('commands to a server that is gone fail at once, none is kept for later, and its return is noticed', async (t) => {
  const server = await redisProcess(t);
  const redis = connectRedis(locationOf(`redis://127.0.0.1:${server.port}`), TIMEOUT);
  t.teardown(() => redis.disconnect());
  await whenReady(redis, 5_000);
  await server.kill();
  await holds('the client has noticed', () => redis.status !== 'ready');
  const taken = stopwatch();
  await t.throwsAsync(() => redis.set('lost', '1'));
  t.true(taken() < TIMEOUT, `${taken()} ms`);
  await server.start();
  await holds('it is back', () => redis.status === 'ready');
  t.is(await answerTo(() => redis.get('lost')), null);
});

test('a server that turned into a replica is left for a new connection, which may lead elsewhere', async (t) => {
  const server = await redisProcess(t);
  const redis = connectRedis(locationOf(`redis://127.0.0.1:${server.port}`), PATIENT);
  t.teardown(() => redis.disconnect());
  await whenReady(redis, PATIENT);
  const first = await redis.client('ID');
  await redis.replicaof('127.0.0.1', '1');
  await t.throwsAsync(() => redis.set('key', 'value'), { message: /^READONLY/ });
  await holds('the connection is given up', () => redis.status !== 'ready');
  await holds('there is a new one', () => redis.status === 'ready');
  t.not(await redis.client('ID'), first);
});
