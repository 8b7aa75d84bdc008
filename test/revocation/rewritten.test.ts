import test, { type ExecutionContext } from 'ava';
import { append, lockHead } from '../../gateway/revocation/history.ts';
import type { QueryRunner } from '../../gateway/stores/database/connection.ts';
import { ADA, BOB, basic } from '../lab/gateways/gateway.ts';
import { ask, bearer, type Issued, issue, revoke, untilStatus } from '../lab/gateways/load.ts';
import { type GatewayNode, type Gateways, gateways } from '../lab/gateways/nodes.ts';
import { DATABASES, type DatabaseKind, temporaryDatabase } from '../lab/stores/database.ts';
import { privateRedis } from '../lab/stores/redis-server.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';

/** Milliseconds within which what is in the database is known. */
const BY_POLL = 3_000;
const LATER = 3_600_000;
const TABLES = ['gatehouse_tokens', 'gatehouse_revocations', 'gatehouse_revocation_head'] as const;

for (const kind of DATABASES) {
  test.serial(
    `${kind}: after a failover that lost the last revocations, one that takes their positions is read, and they hold again`,
    async (t) => {
      const { group, start, a, b } = await (kind === 'sqlite' ? processes : nodesHere)(t, '');
      const [first, lost, after] = [await issue(a, ADA), await issue(a, ADA), await issue(a, ADA)];
      const [bob, bobAfter] = [await issue(a, BOB), await issue(b, BOB)];
      t.is((await revoke(a, first.id, basic(ADA))).status, 204);
      const replica = await copyOf(group);
      t.is((await revoke(a, lost.id, basic(ADA))).status, 204);
      t.is((await revoke(b, '', basic(BOB))).status, 204);
      await everywhere([a, b], [first, lost, bob, bobAfter], 401);

      // The replica takes over, and a third node revokes as much before these two look: the position is the one they know.
      await group.database.transact(async (asker) => {
        await putCopy(asker, replica);
        const voided = [after, { id: 'another' }].map(({ id }) => {
          return { kind: 'token' as const, jti: id, expiresAt: Date.now() + LATER };
        });
        await append(asker, await lockHead(asker), voided);
      });

      await everywhere([a, b], [after], 401);
      await everywhere([a, b], [first, lost, bob, bobAfter], 401);
      await holds('one of them says so', () => [a, b].some(toldOfLoss));
      // Those that start later know what was lost from the database alone.
      await holds('what was lost is in the database again', async () => (await revokedIds(group)).includes(lost.id));
      await holds('Bob is void again', async () => (await voidedAccounts(group)).includes('2'));
      const c = await start('C');
      await everywhere([c], [first, lost, after, bob, bobAfter], 401);
      const fresh = await issue(c, BOB);
      await everywhere([a, b, c], [fresh], 200);
      t.is((await revokedIds(group)).filter((id) => id === lost.id).length, 1, 'put back once, by one of the nodes');
    },
  );
}

test.serial(
  'a backup that is restored while no node runs opens no token whose revocation Redis still has',
  async (t) => {
    const redis = await privateRedis(t);
    const { group, start, a, b } = await nodesHere(t, redis.url);
    const [before, revoked, kept] = [await issue(a, ADA), await issue(a, ADA), await issue(a, BOB)];
    t.is((await revoke(a, before.id, basic(ADA))).status, 204);
    const backup = await copyOf(group);
    const late = await issue(a, BOB);
    t.is((await revoke(a, revoked.id, basic(ADA))).status, 204);
    await everywhere([a, b], [before, revoked], 401);
    await Promise.all([a.stop(), b.stop()]);
    await group.database.transact((asker) => putCopy(asker, backup));

    const c = await start('C');
    t.is((await ask(c, revoked)).status, 401, 'from the first request on');
    t.true(c.log.some(({ msg }) => String(msg).startsWith('the database lacks revocations that Redis has')));
    await holds('it is in the database again', async () => (await revokedIds(group)).includes(revoked.id));
    await everywhere([c], [kept, late], 200);

    // Its record is gone with the time between; it can be revoked all the same, everywhere and for good.
    const d = await start('D');
    await everywhere([d], [late], 200);
    t.is((await revoke(c, 'current', bearer(late))).status, 204);
    t.is((await ask(c, late)).status, 401);
    await everywhere([d], [late], 401);
    const e = await start('E', { redis: { url: '' } });
    await everywhere([e], [before, revoked, late], 401);
    t.is((await ask(e, kept)).status, 200);
    t.is(await redis.client.exists(`gatehouse:denylist:${late.id}`), 1);
  },
);

test.serial(
  'a revocation that only Redis still has is not forgotten over another one that is made before Redis answers',
  async (t) => {
    const redis = await privateRedis(t);
    const { group, start, a, b } = await nodesHere(t, redis.url);
    const [revoked, other] = [await issue(a, ADA), await issue(a, BOB)];
    const backup = await copyOf(group);
    t.is((await revoke(a, revoked.id, basic(ADA))).status, 204);
    await everywhere([a, b], [revoked], 401);
    await Promise.all([a.stop(), b.stop()]);
    await group.database.transact((asker) => putCopy(asker, backup));

    redis.pause();
    const c = await start('C');
    t.is((await revoke(c, other.id, basic(BOB))).status, 204);
    redis.continue();
    await everywhere([c], [revoked, other], 401);
    await holds('it is in the database again', async () => (await revokedIds(group)).includes(revoked.id));
    await everywhere([await start('D', { redis: { url: '' } })], [revoked, other], 401);
  },
);

test.serial(
  'a token without a record is revoked by its owner, with all others, and by an operator, and that holds',
  async (t) => {
    const { group, start, a } = await processes(t, '');
    const tokens = [await issue(a, ADA), await issue(a, ADA), await issue(a, ADA)] as const;
    const [named, told, all] = tokens;
    const { sql, query } = group.database;
    await query(sql('gatehouse_tokens').delete());
    await everywhere([a], tokens, 200);
    t.is((await revoke(a, named.id, bearer(named))).status, 204);
    t.is((await ask(a, named)).status, 401);
    t.is((await revoke(a, named.id, basic(BOB))).status, 404, "someone else's");

    const { code, stdout } = await group.command(['token', 'revoke', told.id]);
    t.is(code, 0);
    t.regex(stdout, new RegExp(`^There is no record of token ${told.id}; this id is now refused until \\S+Z\\.\n$`));
    await everywhere([a], [told], 401);
    t.is((await group.command(['token', 'revoke', told.id])).stdout, `Token ${told.id} was revoked already.\n`);
    t.is((await group.command(['token', 'revoke', told.id.toUpperCase()])).code, 1, 'no id that is given out');

    t.is((await revoke(a, '', bearer(all))).status, 204);
    await everywhere([a, await start('C')], tokens, 401);
  },
);

test.serial(
  'two installations on one Redis with the same prefix keep each to its own revocations, and say so once',
  async (t) => {
    const redis = await privateRedis(t);
    const { start, a, b } = await nodesHere(t, redis.url);
    const other = await nodesHere(t, redis.url);
    const foreign: Issued[] = [];
    for (let i = 0; i < 6; i++) foreign.push(await issue(other.a, ADA));
    for (const { id } of foreign) t.is((await revoke(other.a, id, basic(ADA))).status, 204);
    t.is((await revoke(other.a, '', basic(ADA))).status, 204);
    const told = (node: GatewayNode) =>
      node.log.filter(({ msg }) => String(msg).startsWith('another installation writes to this Redis')).length;
    await holds('both have met the others', () => [a, b].every((node) => told(node) === 1));

    // The positions that the others have used are still to come here. This node has no Redis to tell of it.
    const apart = await start('C', { redis: { url: '' } });
    const own = [await issue(apart, ADA), await issue(apart, ADA), await issue(apart, ADA)];
    await everywhere([a, b], own, 200);
    for (const { id } of own) t.is((await revoke(apart, id, basic(ADA))).status, 204);
    await everywhere([a, b], own, 401);
    const quick = await issue(a, ADA);
    t.is((await revoke(a, quick.id, basic(ADA))).status, 204);
    await everywhere([b], [quick], 401);
    await everywhere([other.a, other.b], [await issue(other.b, ADA)], 200);
    t.deepEqual([told(a), told(b)], [1, 1]);
    t.deepEqual([a, b, other.a, other.b].filter(toldOfLoss), []);
  },
);

async function processes(t: ExecutionContext, redis: string) {
  const group = await prepared(t, 'sqlite', redis);
  const [a, b] = await Promise.all([group.start('A'), group.start('B')]);
  return { group, start: group.start, a, b };
}

async function nodesHere(t: ExecutionContext, redis: string) {
  const group = await prepared(t, 'mysql', redis);
  const [a, b] = await Promise.all([group.startHere('A'), group.startHere('B')]);
  return { group, start: group.startHere, a, b };
}

async function prepared(t: ExecutionContext, kind: DatabaseKind, redis: string): Promise<Gateways> {
  const [location, upstream] = await Promise.all([temporaryDatabase(t, kind), httpUpstream(t)]);
  // That a busy machine is slow is no outage of the database.
  const settings = { database: { timeout: '20s' } };
  return await gateways(t, { location, redis, upstream: upstream.url, settings });
}

async function everywhere(nodes: readonly GatewayNode[], tokens: readonly Issued[], status: number): Promise<void> {
  for (const node of nodes) await Promise.all(tokens.map((token) => untilStatus(node, token, status, BY_POLL)));
}

function toldOfLoss(node: GatewayNode): boolean {
  return node.log.some(({ msg }) => String(msg).startsWith('the database has lost revocations'));
}

type Copy = Record<(typeof TABLES)[number], Record<string, unknown>[]>;

/** What a backup has, or a replica that gets no more from its primary. */
async function copyOf({ database: { sql, query } }: Gateways): Promise<Copy> {
  const [tokens, revocations, head] = await Promise.all(TABLES.map((table) => query(sql(table).select('*'))));
  return { gatehouse_tokens: tokens, gatehouse_revocations: revocations, gatehouse_revocation_head: head } as Copy;
}

async function putCopy({ sql, query }: QueryRunner, copy: Copy): Promise<void> {
  for (const table of TABLES) {
    await query(sql(table).delete());
    for (const row of copy[table]) await query(sql(table).insert(row));
  }
}

async function revokedIds({ database: { sql, query } }: Gateways): Promise<string[]> {
  const ids: unknown[] = await query(sql('gatehouse_revocations').whereNotNull('jti').pluck('jti'));
  return ids.map(String);
}

async function voidedAccounts({ database: { sql, query } }: Gateways): Promise<string[]> {
  const ids: unknown[] = await query(sql('gatehouse_revocations').whereNotNull('account_id').pluck('account_id'));
  return ids.map(String);
}
