import test, { type ExecutionContext } from 'ava';
import { connectRedis, type RedisClient, whenReady } from '../../gateway/redis/connect.ts';
import { type Denylist, parseEntry, redisDenylist } from '../../gateway/tokens/denylist.ts';
import type { Revocation } from '../../gateway/tokens/revocations.ts';
import { type RedisProcess, redisProcess } from '../support/redis-process.ts';
import { locationOf } from '../support/separate-services.ts';

test('a revocation becomes an entry of the stream, and a key for each id that lives as long as its token', async (t) => {
  const { redis, denylist } = await withDenylist(t);
  const expiresAt = Date.now() + 90_000;
  const revocation = { kind: 'account', position: 7, accountId: '1', voidBefore: 5_000, expiresAt } as const;
  await denylist.publish({
    revocations: [revocation, token(8)],
    ids: [
      { jti: 'one', expiresAt },
      { jti: 'two', expiresAt: expiresAt - 60_000 },
    ],
  });

  t.deepEqual((await redis.keys('*')).sort(), ['p:denylist:one', 'p:denylist:two', 'p:revocations']);
  for (const [jti, life] of [
    ['one', 90_000],
    ['two', 30_000],
  ] as const) {
    const left = await redis.pttl(`p:denylist:${jti}`);
    t.true(left <= life && left > life - 10_000, `${jti}: ${left}`);
  }
  const entries = await redis.xrange('p:revocations', '-', '+');
  const [first, second] = entries.map(([, fields]) => parseEntry(fields));
  t.deepEqual(first, revocation);
  t.is(second?.position, 8);
  t.is(await redis.ttl('p:revocations'), -1);
});

test('a token that has expired meanwhile needs no key', async (t) => {
  const { redis, denylist } = await withDenylist(t);
  await denylist.deny([
    { jti: 'over', expiresAt: Date.now() - 1 },
    { jti: 'now', expiresAt: Date.now() },
  ]);
  t.deepEqual(await redis.keys('*'), []);
});

test('thousands of ids are written at once', async (t) => {
  const { redis, denylist } = await withDenylist(t);
  const expiresAt = Date.now() + 90_000;
  await denylist.deny(Array.from({ length: 2_345 }, (_, i) => ({ jti: String(i), expiresAt })));
  t.is(await redis.dbsize(), 2_345);
});

test('the newest position is that of the last entry, and none where Redis is empty', async (t) => {
  const { redis, denylist } = await withDenylist(t);
  t.is(await denylist.newest(), null);
  await denylist.publish({ revocations: [token(4)], ids: [] });
  t.is(await denylist.newest(), 4);
  await denylist.mark(9);
  t.is(await denylist.newest(), 9);
  await redis.flushall();
  t.is(await denylist.newest(), null);
});

test('one process repairs at a time, and its claim ends by itself', async (t) => {
  const { redis, denylist } = await withDenylist(t);
  t.true(await denylist.claimRepair(60_000));
  t.false(await denylist.claimRepair(60_000));
  const left = await redis.pttl('p:repair');
  t.true(left > 0 && left <= 60_000);
  await denylist.releaseRepair();
  t.true(await denylist.claimRepair(60_000));
});

test('the stream keeps some ten thousand entries', async (t) => {
  const { redis, denylist } = await withDenylist(t);
  for (let round = 0; round < 24; round++) {
    await Promise.all(Array.from({ length: 500 }, (_, i) => denylist.mark(round * 500 + i)));
  }
  const length = await redis.xlen('p:revocations');
  t.true(length >= 10_000 && length < 11_000, String(length));
});

test('all of it rejects when Redis is gone', async (t) => {
  const { server, denylist } = await withDenylist(t);
  await server.kill();
  const expiresAt = Date.now() + 90_000;
  await t.throwsAsync(denylist.publish({ revocations: [token(1)], ids: [] }));
  await t.throwsAsync(denylist.deny([{ jti: 'one', expiresAt }]));
  await t.throwsAsync(denylist.mark(1));
  await t.throwsAsync(denylist.newest());
  await t.throwsAsync(denylist.claimRepair(1));
  await t.throwsAsync(denylist.releaseRepair());
});

test('an entry that is none of ours is told apart, whatever it is', (t) => {
  const one = { kind: 'token', position: 1, jti: 'one', expiresAt: 5 };
  t.deepEqual(parseEntry(['entry', JSON.stringify(one)]), one as Revocation);
  t.deepEqual(parseEntry(['x', 'y', 'entry', JSON.stringify({ ...one, more: true })]), one as Revocation);
  const others: unknown[] = [
    null,
    1,
    'token',
    [],
    {},
    { ...one, kind: 'other' },
    { ...one, position: '1' },
    { ...one, jti: 7 },
    { ...one, expiresAt: null },
    { kind: 'account', position: 1, expiresAt: 5, accountId: '1' },
    { kind: 'account', position: 1, expiresAt: 5, accountId: 1, voidBefore: 5 },
    { kind: 'mark' },
  ];
  for (const other of others) t.is(parseEntry(['entry', JSON.stringify(other)]), null, JSON.stringify(other));
  for (const position of ['1e400', '-1', '1.5', '1e20']) {
    t.is(parseEntry(['entry', `{"kind":"mark","position":${position}}`]), null, position);
    t.is(parseEntry(['entry', `{"kind":"token","position":1,"jti":"x","expiresAt":${position}}`]), null, position);
  }
  for (const fields of [[], ['entry'], ['entry', ''], ['entry', '{'], ['other', '{}'], ['{}']]) {
    t.is(parseEntry(fields), null, fields.join(' '));
  }
});

function token(position: number): Revocation {
  return { kind: 'token', position, jti: `token-${position}`, expiresAt: Date.now() + 90_000 };
}

async function withDenylist(
  t: ExecutionContext,
): Promise<{ server: RedisProcess; redis: RedisClient; denylist: Denylist }> {
  const server = await redisProcess(t);
  const redis = connectRedis(locationOf(`redis://127.0.0.1:${server.port}`), 2_000);
  t.teardown(() => redis.disconnect());
  await whenReady(redis, 5_000);
  return { server, redis, denylist: redisDenylist(redis, 'p:') };
}
