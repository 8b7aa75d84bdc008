import test from 'ava';
import { type LogPosition, readHead } from '../../gateway/revocation/history.ts';
import { ADA, BOB } from '../lab/gateways/gateway.ts';
import { ask, bearer, type Issued, issue, revoke, untilStatus } from '../lab/gateways/load.ts';
import { improper, type Pair, pairUnderLoad } from '../lab/gateways/pair.ts';
import { fileScope } from '../lab/scope.ts';
import { type PrivateDatabase, privateDatabase, type ServerKind } from '../lab/stores/private-database.ts';
import { type PrivateRedis, privateRedis } from '../lab/stores/redis-server.ts';
import { holds } from '../lab/waiting/condition.ts';

/** Milliseconds, of both nodes. */
const CACHE = 4_000;
const TIMEOUT = 1_000;
/** Milliseconds that a busy machine may add. */
const SLACK = 3_000;
/** An answer that took longer than what the gateway waits for its stores. */
const IN_TIME = TIMEOUT + SLACK;

/** Has one test file of its own for each kind of server: two such loads at the same time would disturb each other. */
export function testDatabaseOutages(kind: ServerKind): void {
  const scope = fileScope();
  let database: PrivateDatabase;
  let redis: PrivateRedis;
  let pair: Pair;

  test.before(async () => {
    [database, redis] = await Promise.all([privateDatabase(scope, kind), privateRedis(scope)]);
    const settings = {
      database: { timeout: `${TIMEOUT}ms` },
      accounts: { cache: `${CACHE}ms` },
      // On a busy machine it may answer late, which must not count as an outage of both.
      redis: { timeout: `${SLACK}ms` },
    };
    pair = await pairUnderLoad(scope, { location: database.location, redis: redis.url, settings });
  });

  for (const [how, strike, mend] of [
    ['dead', () => database.kill(), () => database.start()],
    ['hanging', async () => database.pause(), async () => database.continue()],
  ] as const) {
    test.serial(`with a ${how} database, known accounts go on for their time, and revoking is refused`, async (t) => {
      const { a, b, ada, bob, load } = pair;
      const [fed, kept] = [await issue(a, ADA), await issue(a, ADA)];
      // Forgets both accounts, so that Ada is then known from one look-up on each node, with no renewal before the outage.
      load.tokens.length = 0;
      await load.since(0);
      const quiet = performance.now();
      await holds('the accounts are forgotten', () => performance.now() > quiet + CACHE, CACHE + SLACK);
      const asked = performance.now();
      for (const node of [a, b]) t.is((await ask(node, fed)).status, 200);
      const lastKnown = performance.now();
      const changes = [a, b].map((node) => node.changes('database').length);
      // Only now: the nodes write what the entry of the case before has told them, and the database lacks, into the database.
      const head = await readHead(pair.gateways.database, null);
      await strike();
      load.tokens.push(ada);

      await redis.client.xadd('gatehouse:revocations', '*', 'entry', entryOf(fed, head));
      for (const node of [a, b]) await untilStatus(node, fed, 401, 2_000);
      const refused = await revoke(a, kept.id, bearer(ada));
      t.deepEqual(refused, { status: 503, retryAfter: '1' });
      const unknown = await ask(b, bob);
      t.like(unknown, { status: 503, retryAfter: '1' });
      t.true(unknown.took < IN_TIME, `${unknown.took} ms`);
      await t.throwsAsync(issue(a, ADA), { message: /^no token: 503/ });
      await holds('both nodes say that the database is out', () =>
        [a, b].every((node, i) => node.changes('database').length === (changes[i] ?? 0) + 1),
      );
      t.deepEqual(await b.ready(), { status: 503, unavailable: ['database'] });
      await Promise.all([a, b].map((node) => untilStatus(node, ada, 503, CACHE + IN_TIME)));
      const answers = await load.since(lastKnown);
      t.deepEqual(
        answers.filter(({ status, answeredAt }) => status !== 200 && answeredAt < asked + CACHE),
        [],
      );
      t.deepEqual(improper(answers, IN_TIME), []);
      t.deepEqual(
        answers.filter(({ status, sentAt }) => status === 200 && sentAt > lastKnown + CACHE),
        [],
      );

      await mend();
      await Promise.all([a, b].map((node) => untilStatus(node, ada, 200, 10_000)));
      // Nothing was half done: a token that is revoked is none again.
      await untilStatus(b, kept, 200, 10_000);
      await holds('both nodes say that the database is back', () =>
        [a, b].every((node, i) => node.changes('database').length === (changes[i] ?? 0) + 2),
      );
      // A busy database may need longer than the timeout once more: revoking again is harmless.
      await holds('the token is revoked', async () => (await revoke(a, kept.id, bearer(ada))).status === 204);
      await untilStatus(b, kept, 401, 2_000);
      t.deepEqual(await b.ready(), { status: 200, unavailable: [] });
      for (const node of [a, b]) t.deepEqual(node.changes('database').slice(-2), ['store is out', 'store is back']);
      t.is((await ask(b, await issue(a, BOB))).status, 200);
    });
  }
}

/** What the gateways write into the stream for a revoked token. */
function entryOf({ id }: Issued, { installation, position, chain: previous }: LogPosition): string {
  const entry = { installation, position: position + 1, previous, chain: 'the next' };
  return JSON.stringify({ kind: 'token', ...entry, jti: id, expiresAt: Date.now() + 3_600_000 });
}
