import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { watchStore } from '../../gateway/ops/store-state.ts';
import { redisDenylist } from '../../gateway/revocation/denylist.ts';
import { createDenylistRepair, repairDenylist } from '../../gateway/revocation/denylist-repair.ts';
import { createMirror } from '../../gateway/revocation/mirror.ts';
import { connectRedis } from '../../gateway/stores/redis/connect.ts';
import { whenReady } from '../../gateway/stores/redis/when-ready.ts';
import { migratedDatabase } from '../lab/stores/database.ts';
import { redisProcess } from '../support/stores/redis-process.ts';
import { locationOf } from '../support/stores/separate-services.ts';

const POSITION = { installation: 'ours', position: 9, chain: 'i' };
const COUNT = 1_700;
const SILENT = pino({ level: 'silent' });

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

test('a denylist that Redis has lost is rewritten, also when a revocation is published before anybody looks', async (t) => {
  const { database, redis, denylist } = await withTokens(t);
  const mirror = createMirror(() => {});
  mirror.advance(POSITION);
  const state = watchStore('redis', SILENT);
  const repair = createDenylistRepair(database, mirror, { denylist, state }, Date, SILENT);
  const published = async (position: number, previous: string) => {
    const revocation = {
      kind: 'token',
      jti: 'new',
      expiresAt: Date.now() + 60_000,
      position,
      chain: `j${position}`,
    } as const;
    await denylist.publish({ installation: 'ours', previous, revocations: [revocation], ids: [revocation] });
    mirror.advance({ installation: 'ours', position, chain: revocation.chain });
  };
  const denied = async () => (await redis.keys('p:denylist:token-*')).length;

  await repair.checkDenylist();
  t.is(await denied(), COUNT);
  await redis.flushdb();
  await published(10, POSITION.chain);
  await repair.checkDenylist();
  t.is(await denied(), COUNT, 'everything was lost');

  await redis.del('p:denylist:token-1');
  await published(11, 'j10');
  await repair.streamLost();
  await repair.checkDenylist();
  t.is(await denied(), COUNT, 'the last writes were lost, as in a failover');

  await redis.del('p:denylist:token-1');
  await repair.checkDenylist();
  t.is(await denied(), COUNT - 1, 'nothing says that something was lost: it is not rewritten each time');
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
