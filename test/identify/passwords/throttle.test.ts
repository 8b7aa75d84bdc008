import test from 'ava';
import { createThrottle } from '../../../gateway/identify/passwords/throttle.ts';
import { parseRedisUrl } from '../../../gateway/settings/schema/redis-url.ts';
import { connectRedis } from '../../../gateway/stores/redis/connect.ts';
import { whenReady } from '../../../gateway/stores/redis/when-ready.ts';
import { privateRedis } from '../../lab/stores/redis-server.ts';
import { PATIENT } from '../../support/stores/patiently.ts';

const LIMITS = { window: 60_000, perAddressAndAccount: 2, perAddress: 100 };

test('two processes count together in Redis, and each by itself, saying so, while it is out', async (t) => {
  const server = await privateRedis(t);
  const throttles = await Promise.all(
    ['one', 'other'].map(async () => {
      const location = parseRedisUrl(server.url);
      if (typeof location === 'string') throw new Error(location);
      const client = connectRedis(location, PATIENT);
      t.teardown(() => client.disconnect());
      await whenReady(client, PATIENT);
      const heard: unknown[] = [];
      const state = { name: 'redis', isUp: true, up() {}, down: (cause: unknown) => void heard.push(cause) };
      return { heard, throttle: createThrottle(LIMITS, { client, keyPrefix: 'throttled:', state }, 'alone') };
    }),
  );
  const [one, other] = throttles;
  if (one === undefined || other === undefined) return t.fail();
  await one.throttle.take('192.0.2.1', 'ada@example.com');
  await other.throttle.take('192.0.2.1', 'ADA@example.com');
  await t.throwsAsync(one.throttle.take('192.0.2.1', 'ada@example.com'), { message: /too many/ });

  const giveBack = await one.throttle.take('192.0.2.2', 'ada@example.com');
  await giveBack();
  await one.throttle.take('192.0.2.2', 'ada@example.com');
  await other.throttle.take('192.0.2.2', 'ada@example.com');
  await t.throwsAsync(other.throttle.take('192.0.2.2', 'ada@example.com'), { message: /too many/ });

  await server.kill();
  t.is(one.heard.length, 0);
  await one.throttle.take('192.0.2.3', 'ada@example.com');
  await one.throttle.take('192.0.2.3', 'ada@example.com');
  await t.throwsAsync(one.throttle.take('192.0.2.3', 'ada@example.com'), { message: /too many/ });
  t.true(one.heard.length > 0);
});
