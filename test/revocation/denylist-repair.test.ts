import test, { type ExecutionContext } from 'ava';
import { redisDenylist } from '../../gateway/revocation/denylist.ts';
import { repairDenylist } from '../../gateway/revocation/denylist-repair.ts';
import { connectRedis } from '../../gateway/stores/redis/connect.ts';
import { whenReady } from '../../gateway/stores/redis/when-ready.ts';
import { migratedDatabase } from '../lab/stores/database.ts';
import { redisProcess } from '../support/stores/redis-process.ts';
import { locationOf } from '../support/stores/separate-services.ts';

const POSITION = { installation: 'ours', position: 9, chain: 'i' };
const COUNT = 1_700;

test('the claim is renewed with every piece, so that a repair may take longer than one lasts', async (t) => {
  const { database, redis, denylist } = await withTokens(t);
  let pieces = 0;
  const slow = {
    ...denylist,
    async deny(ids: Parameters<typeof denylist.deny>[0]) {
      pieces += 1;
      await denylist.deny(ids);
      // As if the piece had taken nearly as long as the claim lasts.
      await redis.pexpire('p:repair', 5_000);
    },
    async mark(upTo: Parameters<typeof denylist.mark>[0]) {
      t.true((await redis.pttl('p:repair')) > 20_000);
      await denylist.mark(upTo);
    },
  };
  t.true(await repairDenylist(database, slow, POSITION, Date));
  t.true(pieces > 2);
  t.is((await redis.keys('p:denylist:*')).length, COUNT);
  t.deepEqual(await denylist.newest('ours'), POSITION);
  t.is(await redis.exists('p:repair'), 0);
});

test('a repair whose claim has ended, and is another process’s now, stops, marks nothing, and leaves that claim alone', async (t) => {
  const { database, redis, denylist } = await withTokens(t);
  let pieces = 0;
  const overtaken = {
    ...denylist,
    async deny() {
      pieces += 1;
      // Redis hung for as long as the claim lasted, and another process was quicker when it went on.
      await redis.set('p:repair', 'of another process', 'PX', 30_000);
    },
  };
  t.false(await repairDenylist(database, overtaken, POSITION, Date));
  t.is(pieces, 1);
  t.is(await redis.get('p:repair'), 'of another process');
  t.is(await denylist.newest('ours'), null);
  t.false(await repairDenylist(database, denylist, POSITION, Date), 'one at a time');
});

async function withTokens(t: ExecutionContext) {
  const database = await migratedDatabase(t, 'sqlite');
  const now = Date.now();
  const rows = Array.from({ length: COUNT }, (_, i) => {
    return { jti: `token-${i}`, account_id: '1', issued_at: now, expires_at: now + 600_000, revoked_at: now };
  });
  for (let at = 0; at < COUNT; at += 100) {
    await database.query(database.sql('gatehouse_tokens').insert(rows.slice(at, at + 100)));
  }
  const server = await redisProcess(t);
  const redis = connectRedis(locationOf(`redis://127.0.0.1:${server.port}`), 5_000);
  t.teardown(() => redis.disconnect());
  await whenReady(redis, 5_000);
  return { database, redis, denylist: redisDenylist(redis, 'p:', Date) };
}
