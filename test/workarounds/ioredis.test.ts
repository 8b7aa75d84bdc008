import test from 'ava';
import { Redis } from 'ioredis';
import { requireDatabase } from '../../gateway/workarounds/ioredis-select.ts';
import { holds } from '../lab/waiting/condition.ts';
import { redisProcess } from '../support/stores/redis-process.ts';

// A test that fails here after an update says that ioredis has changed: the workaround may go, or must be written anew.

test('ioredis uses database 0 where it cannot select its own, and requireDatabase closes the connection', async (t) => {
  const { port } = await redisProcess(t);
  const options = { port, db: 99, enableOfflineQueue: false, enableReadyCheck: false, protocol: 2 as const };
  const clientOf = () => {
    const redis = new Redis(options).on('error', () => {});
    t.teardown(() => redis.disconnect());
    return redis;
  };
  const careless = clientOf();
  await new Promise((resolve) => careless.once('ready', resolve));
  t.is(await careless.set('here', '1'), 'OK');

  const careful = clientOf();
  requireDatabase(careful);
  let closed = 0;
  careful.on('close', () => {
    closed += 1;
  });
  careful.on('ready', () => void t.throwsAsync(careful.set('there', '1')));
  await holds('it has been refused again and again', () => closed > 2);
  t.deepEqual(await careless.keys('*'), ['here']);
});
