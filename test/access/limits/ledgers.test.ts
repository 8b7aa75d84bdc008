import test from 'ava';
import { Redis } from 'ioredis';
import type { Grant, Report } from '../../../gateway/stores/limits/ledger.ts';
import { memoryLedger } from '../../../gateway/stores/limits/memory-ledger.ts';
import { redisLedger } from '../../../gateway/stores/limits/redis-ledger.ts';
import type { SharedRedis } from '../../../gateway/stores/redis/limiter.ts';
import { Random } from '../../../proof/random.ts';
import { fileScope } from '../../lab/scope.ts';
import { type PrivateRedis, privateRedis } from '../../lab/stores/redis-server.ts';

const DAY = 86_400_000;
const scope = fileScope();
let server: PrivateRedis;
test.before(async () => {
  server = await privateRedis(scope);
});

function sharedRedis(): SharedRedis {
  const client = new Redis(server.url);
  scope.teardown(() => client.disconnect());
  return { client, keyPrefix: 'test:', state: { name: 'redis', isUp: true, up() {}, down() {} } };
}

function report(key: string, more: Partial<Report> = {}): Report {
  const none = { spent: 0, debt: 0, holds: 0, wants: 0, wantsAhead: false };
  return { key, requests: 1_000, per: 31 * DAY, ...none, known: 1_000, epoch: '', ...more };
}

/** What a grant says, without what differs by ledger and by the moment. */
function said({ granted, ahead, left, wait, sharers }: Grant): unknown {
  return { granted, ahead, sharers, left: Math.round(left), waits: wait > 0 };
}

test('a ledger in Redis and one in memory grant the same', async (t) => {
  const random = new Random(14);
  const kept = memoryLedger(() => performance.now());
  const shared = [redisLedger(sharedRedis()), redisLedger(sharedRedis()), redisLedger(sharedRedis())];
  for (const requests of [1, 3, 40, 50, 1_000]) {
    const key = `same:${requests}`;
    const held = [0, 0, 0];
    const epochs = ['', '', ''];
    for (let round = 0; round < 120; round++) {
      const who = random.below(3);
      const spent = random.below((held[who] ?? 0) + 1);
      const holds = random.once(4) ? 0 : (held[who] ?? 0) - spent;
      const debt = random.once(8) ? random.below(3) : 0;
      const asked = {
        requests,
        spent,
        holds,
        debt,
        wants: random.below(4),
        wantsAhead: !random.once(5),
        known: requests,
      };
      const inMemory = kept(`process ${who}`, [report(key, { ...asked, epoch: epochs[who] === '' ? '' : 'kept' })])[0];
      const [inRedis] = (await shared[who]?.settle([report(key, { ...asked, epoch: epochs[who] ?? '' })])) ?? [];
      if (inMemory === undefined || inRedis === undefined) throw new Error('no grant');
      t.deepEqual(said(inRedis), said(inMemory), `${requests}, round ${round}`);
      held[who] = holds + inRedis.ahead;
      epochs[who] = inRedis.epoch;
    }
  }
});

test('Redis refills by its own clock, and forgets a key that is full', async (t) => {
  const { client, ...rest } = sharedRedis();
  const ledger = redisLedger({ client, ...rest });
  const settle = async (more: Partial<Report>) =>
    (await ledger.settle([report('refill', { requests: 10, per: 1_000_000, ...more })]))[0];
  t.like(await settle({ wants: 12 }), { granted: 10 });
  const waits = (await settle({ wants: 1 }))?.wait ?? 0;
  t.true(waits > 90_000 && waits <= 100_000, `${waits} ms`);
  const life = await client.pttl('test:limit:refill');
  t.true(life > 900_000 && life <= 1_000_000, `${life} ms`);
  const at = Number(await client.hget('test:limit:refill', 'at'));
  await client.hset('test:limit:refill', 'at', at - 200_000);
  t.like(await settle({ wants: 12 }), { granted: 2 });
  // A clock that was set back refills nothing.
  await client.hset('test:limit:refill', 'at', at + 500_000);
  t.like(await settle({ wants: 1 }), { granted: 0 });
});

test('a key that Redis has lost begins with what a process knows of it, not with everything', async (t) => {
  const { client, ...rest } = sharedRedis();
  const [a, b] = [redisLedger({ client, ...rest }), redisLedger(sharedRedis())];
  const of = async (ledger: typeof a, more: Partial<Report>) => (await ledger.settle([report('lost', more)]))[0];
  const before = await of(a, { wants: 900 });
  await client.del('test:limit:lost');
  // One that never knew it comes first.
  t.like(await of(b, { wants: 1 }), { granted: 1 });
  const after = await of(a, { wants: 200, known: before?.left ?? 0, epoch: before?.epoch ?? '' });
  t.is(after?.granted, 100);
});

test('what a dead process held counts as used after a while, and does not keep others from refilling', async (t) => {
  let now = 0;
  const kept = memoryLedger(() => now);
  const settle = (holder: string, more: Partial<Report>) =>
    kept(holder, [report('dead', { per: 1_000_000, ...more })])[0];
  const dead = settle('dead', { wantsAhead: true });
  t.is(dead?.ahead, 13);
  now = 100_000;
  t.like(settle('other', { wants: 1_001 }), { granted: 1_000, sharers: 1 });
});
