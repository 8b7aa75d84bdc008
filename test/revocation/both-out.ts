import test from 'ava';
import { ADA } from '../lab/gateways/gateway.ts';
import { type Answer, bearer, issue, revoke, untilStatus } from '../lab/gateways/load.ts';
import type { GatewayNode } from '../lab/gateways/nodes.ts';
import { failures, improper, type Pair, pairUnderLoad } from '../lab/gateways/pair.ts';
import { fileScope } from '../lab/scope.ts';
import { type PrivateDatabase, privateDatabase, type ServerKind } from '../lab/stores/private-database.ts';
import { type PrivateRedis, privateRedis } from '../lab/stores/redis-server.ts';
import { holds } from '../lab/waiting/condition.ts';

/** Milliseconds, of both nodes; what a busy machine may add is in `IN_TIME`. */
const TIMEOUT = 1_000;
const IN_TIME = 2 * TIMEOUT;
/** From the loss of both stores to the last answer that may be a 200; `tokens.maxStaleness` is 2 s. */
const CLOSED_WITHIN = 3_000;
const RECOVERY = 10_000;

/** Has one test file of its own for each kind of server: two such loads at the same time would disturb each other. */
export function testBothOut(kind: ServerKind): void {
  const scope = fileScope();
  let database: PrivateDatabase;
  let redis: PrivateRedis;
  let pair: Pair;

  test.before(async () => {
    [database, redis] = await Promise.all([privateDatabase(scope, kind), privateRedis(scope)]);
    // The accounts are known for longer than the tests take: that they are not is another test's subject.
    const settings = { database: { timeout: `${TIMEOUT}ms` }, accounts: { cache: '1m' } };
    pair = await pairUnderLoad(scope, { location: database.location, redis: redis.url, settings });
  });

  const STORES = {
    database: { start: () => database.start() },
    redis: { start: () => redis.start() },
  } as const;

  for (const [first, second] of [
    ['database', 'redis'],
    ['redis', 'database'],
  ] as const) {
    test.serial(
      `with both stores dead no token passes after three seconds, until the ${first} alone is back`,
      async (t) => {
        const { a, b, ada, load } = pair;
        const nodes = [a, b];
        const revoked = await issue(a, ADA);
        t.is((await revoke(a, revoked.id, bearer(ada))).status, 204);
        await Promise.all(nodes.map((node) => untilStatus(node, revoked, 401, CLOSED_WITHIN)));
        await Promise.all([database.kill(), redis.kill()]);
        const struck = performance.now();
        const sentLate = ({ sentAt }: Answer) => sentAt > struck + CLOSED_WITHIN;
        await holds('some requests after that', () => load.answers.filter(sentLate).length > 40, 30_000);
        const answers = await load.since(struck);
        t.deepEqual(improper(answers, IN_TIME), []);
        const late = answers.filter(sentLate);
        t.is(failures(late).length, late.length);
        for (const node of nodes) t.deepEqual(await node.ready(), { status: 503, unavailable: ['database', 'redis'] });

        const ordered = performance.now();
        await STORES[first].start();
        await Promise.all(nodes.map((node) => untilStatus(node, ada, 200, RECOVERY)));
        t.log(`accepted again ${Math.round(performance.now() - ordered)} ms after the order to start`);
        await Promise.all(nodes.map((node) => untilStatus(node, revoked, 401, 1_000)));
        t.true(nodes.every((node) => node.changes(second).at(-1) === 'store is out'));

        await STORES[second].start();
        const isBack = (node: GatewayNode) =>
          node.changes('database').at(-1) === 'store is back' && node.changes('redis').at(-1) === 'store is back';
        await holds('all is back', () => nodes.every(isBack), RECOVERY);
        const after = performance.now();
        await holds('some more requests', () => load.answers.filter(({ sentAt }) => sentAt > after).length > 20);
        t.deepEqual(failures(await load.since(after)), []);
      },
    );
  }
}
