import test, { type ExecutionContext } from 'ava';
import { ADA, BOB, basic } from '../lab/gateways/gateway.ts';
import { ask, bearer, type Issued, issue, revoke, untilStatus } from '../lab/gateways/load.ts';
import { failures, type Pair, pairUnderLoad } from '../lab/gateways/pair.ts';
import { fileScope } from '../lab/scope.ts';
import { temporaryDatabase } from '../lab/stores/database.ts';
import { type PrivateRedis, privateRedis } from '../lab/stores/redis-server.ts';
import { holds } from '../lab/waiting/condition.ts';

/** Milliseconds within which a revocation arrives when Redis does not carry it. */
const BY_POLL = 2_000;
/** For an answer of Redis: twice the default, since a machine that is too busy for that long is an outage to the gateway. */
const TIMEOUT = '1s';
/** Milliseconds that Redis hangs: long enough for every timeout to pass. */
const PAUSE = 2_500;
/** Milliseconds for which a node that lost Redis in the midst of a repair keeps the others from making theirs. */
const CLAIM = 30_000;
/** Milliseconds that a token of these tests lives. */
const LIFE = 3_600_000;

const scope = fileScope();
let pair: Pair;
let redis: PrivateRedis;

test.before(async () => {
  redis = await privateRedis(scope);
  const location = await temporaryDatabase(scope, 'mysql');
  pair = await pairUnderLoad(scope, { location, redis: redis.url, settings: { redis: { timeout: TIMEOUT } } });
});

test.serial('a start with both stores there tells of no outage', async (t) => {
  await holds('some requests', () => pair.load.answers.length >= 20);
  t.deepEqual([pair.a.changes('redis'), pair.b.changes('redis')], [[], []]);
  t.deepEqual([pair.a.changes('database'), pair.b.changes('database')], [[], []]);
  t.deepEqual(await pair.b.ready(), { status: 200, unavailable: [] });
});

test.serial('while Redis is dead no request fails, and a revocation on one node arrives on the other', async (t) => {
  const [during, after] = [await issue(pair.a, ADA), await issue(pair.a, ADA)];
  const outage = outageOf(t);
  pair.load.tokens.splice(0, Number.POSITIVE_INFINITY, pair.ada);
  await redis.kill();
  await outage.told();
  await revokedOnBoth(t, during);
  // The other node has not heard of this yet, and must not give out what it voids.
  t.is((await revoke(pair.a, '', basic(BOB))).status, 204);
  const bob = await issue(pair.b, BOB);
  await Promise.all([pair.a, pair.b].map((node) => untilStatus(node, pair.bob, 401, BY_POLL)));
  for (const node of [pair.a, pair.b]) t.is((await ask(node, bob)).status, 200);
  await redis.start();
  await outage.over();
  await revokedOnBoth(t, after);
  await denylisted([during, after]);
});

test.serial('a Redis that hangs is like one that is dead, and the feed goes on when it wakes up', async (t) => {
  const [atOnce, later, after] = [await issue(pair.a, ADA), await issue(pair.a, ADA), await issue(pair.a, ADA)];
  const outage = outageOf(t);
  redis.pause();
  await revokedOnBoth(t, atOnce);
  await outage.told();
  await revokedOnBoth(t, later);
  await holds('the pause is over', () => performance.now() > outage.since + PAUSE);
  redis.continue();
  await outage.over();
  await revokedOnBoth(t, after);
  await denylisted([atOnce, later, after]);
});

test.serial('a Redis that comes back empty opens no token, and has its denylist again', async (t) => {
  const revoked: Issued[] = [];
  for (let i = 0; i < 20; i++) revoked.push(await issue(pair.a, ADA));
  const all = await issue(pair.a, ADA);
  for (const { id } of revoked) await revoke(pair.a, id, bearer(pair.ada));
  await Promise.all(revoked.map((token) => untilStatus(pair.b, token, 401, BY_POLL)));
  await denylisted(revoked);

  const since = performance.now();
  pair.load.tokens.push(...revoked);
  await redis.restartEmpty();
  await denylisted(revoked);
  await revokedOnBoth(t, all);
  await denylisted([...revoked, all]);
  pair.load.tokens.splice(-revoked.length);

  const ids = new Set(revoked.map(({ id }) => id));
  const answers = await pair.load.since(since);
  t.true(answers.filter(({ id }) => ids.has(id)).length > revoked.length);
  t.deepEqual(
    answers.filter(({ id, status }) => status !== (ids.has(id) ? 401 : 200)),
    [],
  );
});

test.serial('a node that starts while Redis is out knows what is revoked, and joins the feed later', async (t) => {
  const [before, during, after] = [await issue(pair.a, ADA), await issue(pair.a, ADA), await issue(pair.a, ADA)];
  await revokedOnBoth(t, before);
  const outage = outageOf(t);
  await redis.kill();
  const late = await pair.gateways.startHere('C');
  t.is((await ask(late, before)).status, 401);
  t.is((await ask(late, during)).status, 200);
  await holds('node C says that Redis is out', () => late.changes('redis').length === 1);
  t.deepEqual(await late.ready(), { status: 200, unavailable: ['redis'] });
  t.is((await revoke(pair.a, during.id, bearer(pair.ada))).status, 204);
  await untilStatus(late, during, 401, BY_POLL);
  await redis.start();
  await outage.over();
  await holds('node C says that Redis is back', () => late.changes('redis').length === 2);
  t.is((await revoke(late, after.id, bearer(pair.ada))).status, 204);
  await untilStatus(pair.a, after, 401, BY_POLL);
  t.deepEqual(late.changes('redis'), ['store is out', 'store is back']);
  await denylisted([before, during, after]);
});

test.serial('a revocation on a node that cannot reach Redis arrives on those that can, and in Redis', async (t) => {
  const token = await issue(pair.a, ADA);
  const apart = await pair.gateways.startHere('D', { redis: { url: 'redis://127.0.0.1:1' } });
  const outage = outageOf(t);
  t.is((await revoke(apart, token.id, bearer(pair.ada))).status, 204);
  await Promise.all([pair.a, pair.b].map((node) => untilStatus(node, token, 401, BY_POLL)));
  await denylisted([token]);
  t.deepEqual(await apart.ready(), { status: 200, unavailable: ['redis'] });
  await outage.none();
});

/** What the two nodes tell of an outage of Redis from now on; under it, no request of the load may fail. */
function outageOf(t: ExecutionContext) {
  const nodes = [pair.a, pair.b];
  const since = performance.now();
  const before = nodes.map((node) => node.changes('redis').length);
  const changes = () => nodes.map((node, i) => node.changes('redis').slice(before[i]));
  const say = (...what: string[]) => changes().every((told) => told.join() === what.join());
  const unharmed = async () => t.deepEqual(failures(await pair.load.since(since)), []);
  return {
    since,
    async told() {
      await holds('both nodes say that Redis is out', () => say('store is out'));
      t.deepEqual(await pair.b.ready(), { status: 200, unavailable: ['redis'] });
    },
    async over() {
      await holds('both nodes say that Redis is back', () => say('store is out', 'store is back'));
      t.deepEqual(await pair.b.ready(), { status: 200, unavailable: [] });
      await unharmed();
    },
    async none() {
      t.deepEqual(changes(), [[], []]);
      await unharmed();
    },
  };
}

/** Revokes on A. It is refused there once that is answered, and on B in time. */
async function revokedOnBoth(t: ExecutionContext, token: Issued): Promise<void> {
  t.is((await revoke(pair.a, token.id, bearer(pair.ada))).status, 204);
  const revokedAt = performance.now();
  t.is((await ask(pair.a, token)).status, 401);
  const refused = await untilStatus(pair.b, token, 401, BY_POLL);
  t.true(refused.sentAt - revokedAt < BY_POLL, `${refused.sentAt - revokedAt} ms`);
}

/** Waits until the denylist holds the tokens, each for as long as it lives: half a second, or when `CLAIM` is over. */
async function denylisted(expected: readonly Issued[]): Promise<void> {
  const isListed = async () => {
    const lives = await Promise.all(expected.map(({ id }) => redis.client.pttl(`gatehouse:denylist:${id}`)));
    return lives.every((life) => life > LIFE - 60_000 && life <= LIFE);
  };
  await holds('the denylist has them, and for how long', isListed, CLAIM + 10_000);
}
