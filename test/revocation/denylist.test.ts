import test, { type ExecutionContext } from 'ava';
import { type Denylist, type FeedEntry, parseEntry, redisDenylist } from '../../gateway/revocation/denylist.ts';
import type { LogPosition, Revocation } from '../../gateway/revocation/history.ts';
import { connectRedis, type RedisClient } from '../../gateway/stores/redis/connect.ts';
import { whenReady } from '../../gateway/stores/redis/when-ready.ts';
import { holds } from '../lab/waiting/condition.ts';
import { type RedisProcess, redisProcess } from '../support/stores/redis-process.ts';
import { locationOf } from '../support/stores/separate-services.ts';

test('a revocation becomes an entry of the stream, and a key for each id that lives as long as its token', async (t) => {
  const { redis, denylist } = await withDenylist(t);
  const expiresAt = Date.now() + 90_000;
  const revocation = {
    kind: 'account',
    position: 7,
    chain: 'g',
    accountId: '1',
    voidBefore: 5_000,
    expiresAt,
  } as const;
  await denylist.publish({
    installation: 'ours',
    previous: 'f',
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
  t.deepEqual(first, { ...revocation, installation: 'ours', previous: 'f' });
  t.deepEqual(second, { ...token(8), ...second, installation: 'ours', previous: 'g' });
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

test('the newest position is that of the last entry of this installation, and none where Redis is empty', async (t) => {
  const { redis, denylist } = await withDenylist(t);
  t.is(await denylist.newest('ours'), null);
  await denylist.publish({ ...NOTHING, revocations: [token(4)] });
  t.deepEqual(await denylist.newest('ours'), at(4, 'chain-4'));
  await denylist.mark(at(9, 'i'));
  t.deepEqual(await denylist.newest('ours'), at(9, 'i'));
  for (let position = 1; position <= 1_200; position++) {
    void denylist.mark({ ...at(position, 'x'), installation: 'another' });
  }
  t.deepEqual(await denylist.newest('ours'), at(9, 'i'));
  t.deepEqual(
    (await denylist.published('ours')).map(({ position }) => position),
    [4],
  );
  t.is(await denylist.newest('nobody'), null);
  await redis.flushall();
  t.is(await denylist.newest('ours'), null);
});

test('one process repairs at a time, for as long as it says that it is at it', async (t) => {
  const { redis, denylist } = await withDenylist(t);
  const claim = await denylist.claimRepair(60_000);
  t.is(await denylist.claimRepair(60_000), null);
  const left = await redis.pttl('p:repair');
  t.true(left > 0 && left <= 60_000);
  t.true(await claim?.renew(120_000));
  t.true((await redis.pttl('p:repair')) > 60_000);
  await claim?.release();
  t.not(await denylist.claimRepair(60_000), null);
});

test('who was too slow, and lost his claim, neither renews nor ends that of the next', async (t) => {
  const { redis, denylist } = await withDenylist(t);
  const slow = await denylist.claimRepair(1);
  await holds('the claim has ended', async () => (await redis.exists('p:repair')) === 0);
  const next = await denylist.claimRepair(60_000);
  t.not(next, null);
  t.false(await slow?.renew(120_000));
  await slow?.release();
  t.is(await denylist.claimRepair(60_000), null, 'it is still the claim of the next');
  t.true(await next?.renew(60_000));
});

test('the stream keeps some ten thousand entries', async (t) => {
  const { redis, denylist } = await withDenylist(t);
  for (let round = 0; round < 24; round++) {
    await Promise.all(Array.from({ length: 500 }, (_, i) => denylist.mark(at(round * 500 + i, 'x'))));
  }
  const length = await redis.xlen('p:revocations');
  t.true(length >= 10_000 && length < 11_000, String(length));
});

test('all of it rejects when Redis is gone', async (t) => {
  const { server, denylist } = await withDenylist(t);
  await server.kill();
  const expiresAt = Date.now() + 90_000;
  await t.throwsAsync(denylist.publish({ ...NOTHING, revocations: [token(1)] }));
  await t.throwsAsync(denylist.deny([{ jti: 'one', expiresAt }]));
  await t.throwsAsync(denylist.mark(at(1, 'x')));
  await t.throwsAsync(denylist.newest('ours'));
  await t.throwsAsync(denylist.claimRepair(1));
  await t.throwsAsync(denylist.published('ours'));
});

test('an entry that is none of ours is told apart, whatever it is', (t) => {
  const one = { kind: 'token', installation: 'ours', previous: 'z', position: 1, chain: 'a', jti: 'one', expiresAt: 5 };
  t.deepEqual(parseEntry(['entry', JSON.stringify(one)]), one as FeedEntry);
  t.deepEqual(parseEntry(['x', 'y', 'entry', JSON.stringify({ ...one, more: true })]), one as FeedEntry);
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
    { ...one, installation: undefined },
    { ...one, chain: 1 },
    { ...one, previous: null },
    { ...one, kind: 'account', accountId: '1' },
    { ...one, kind: 'account', accountId: 1, voidBefore: 5 },
    { kind: 'mark' },
    // As a release before chains wrote it.
    { kind: 'token', position: 1, jti: 'one', expiresAt: 5 },
  ];
  for (const other of others) t.is(parseEntry(['entry', JSON.stringify(other)]), null, JSON.stringify(other));
  for (const position of ['1e400', '-1', '1.5', '1e20']) {
    const common = `"installation":"ours","chain":"a","previous":"z","position":`;
    t.is(parseEntry(['entry', `{"kind":"mark",${common}${position}}`]), null, position);
    t.is(parseEntry(['entry', `{"kind":"token",${common}1,"jti":"x","expiresAt":${position}}`]), null, position);
  }
  for (const fields of [[], ['entry'], ['entry', ''], ['entry', '{'], ['other', '{}'], ['{}']]) {
    t.is(parseEntry(fields), null, fields.join(' '));
  }
});

const NOTHING = { installation: 'ours', previous: 'z', revocations: [], ids: [] };

function at(position: number, chain: string): LogPosition {
  return { installation: 'ours', position, chain };
}

function token(position: number): Revocation & { chain: string } {
  return {
    kind: 'token',
    position,
    chain: `chain-${position}`,
    jti: `token-${position}`,
    expiresAt: Date.now() + 90_000,
  };
}

async function withDenylist(
  t: ExecutionContext,
): Promise<{ server: RedisProcess; redis: RedisClient; denylist: Denylist }> {
  const server = await redisProcess(t);
  const redis = connectRedis(locationOf(`redis://127.0.0.1:${server.port}`), 2_000);
  t.teardown(() => redis.disconnect());
  await whenReady(redis, 5_000);
  return { server, redis, denylist: redisDenylist(redis, 'p:', Date) };
}
