import test from 'ava';
import { ADA, basic } from '../lab/gateways/gateway.ts';
import { ask, bearer, issue, revoke, untilStatus } from '../lab/gateways/load.ts';
import { gateways } from '../lab/gateways/nodes.ts';
import { temporaryDatabase } from '../lab/stores/database.ts';
import { privateRedis } from '../lab/stores/redis-server.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { valuesOf } from '../support/reports/exposition.ts';
import { scrape } from '../support/reports/scrape.ts';

const HOUR = 3_600_000;
const BY_POLL = 2_000;
/** An hour's error of a clock would end them. */
const TOKENS = { tokens: { lifetime: '10m' } };

for (const [kind, what, shift] of [
  ['mysql', 'an hour ahead', HOUR],
  ['sqlite', 'an hour behind', -HOUR],
] as const) {
  test.serial(
    `${kind}: a node whose clock is ${what} takes nothing from the others, and says that it is wrong`,
    async (t) => {
      const [upstream, location] = await Promise.all([httpUpstream(t), temporaryDatabase(t, kind)]);
      const group = await gateways(t, { location, redis: '', upstream: upstream.url, settings: TOKENS });
      const a = await group.start('A');
      const [live, revoked] = [await issue(a, ADA), await issue(a, ADA)];
      t.is((await revoke(a, revoked.id, basic(ADA))).status, 204);

      // Its first sweep is at its start.
      const b = await group.start('B', {}, shift);
      t.deepEqual(await b.ready(), { status: 503, unavailable: ['clock'] });
      const complaints = b.log.filter(({ clock }) => clock === 'database');
      t.deepEqual(
        complaints.map(({ level }) => level),
        ['error'],
      );
      t.true(Math.abs(Number(complaints[0]?.seconds) * 1000 - shift) < 60_000, String(complaints[0]?.seconds));
      t.deepEqual(await a.ready(), { status: 200, unavailable: [] });

      const { sql, query } = group.database;
      t.is((await query(sql('gatehouse_tokens').select('jti'))).length, 2);
      t.is((await query(sql('gatehouse_revocations').select('position'))).length, 1);

      // Both go by the time of the database.
      const fresh = await issue(b, ADA);
      for (const node of [a, b]) {
        for (const token of [live, fresh]) t.is((await ask(node, token)).status, 200, node.name);
        t.is((await ask(node, revoked)).status, 401, node.name);
      }
      t.is((await revoke(b, 'current', bearer(live))).status, 204);
      await untilStatus(a, live, 401, BY_POLL);
      t.is((await revoke(b, '', bearer(fresh))).status, 204);
      await untilStatus(a, fresh, 401, BY_POLL);
      const next = await issue(a, ADA);
      for (const node of [a, b]) await untilStatus(node, next, 200, BY_POLL);

      const late = await group.start('C');
      for (const token of [live, revoked, fresh]) t.is((await ask(late, token)).status, 401);
    },
  );
}

test.serial(
  'a node that is some seconds ahead warns of it, is ready, and has it in its metrics, for Redis as well',
  async (t) => {
    const [redis, location, upstream] = await Promise.all([
      privateRedis(t),
      temporaryDatabase(t, 'sqlite'),
      httpUpstream(t),
    ]);
    const group = await gateways(t, { location, redis: redis.url, upstream: upstream.url });
    // A Redis that is slow to answer on a busy machine is not what this is about.
    const node = await group.start('A', { redis: { url: redis.url, timeout: '5s' } }, 5_000);
    t.deepEqual(await node.ready(), { status: 200, unavailable: [] });
    await holds('both are told', () => node.log.filter(({ clock }) => clock !== undefined).length === 2);
    const told = node.log.filter(({ clock }) => clock !== undefined);
    t.deepEqual(told.map(({ clock, level }) => [clock, level]).sort(), [
      ['database', 'warn'],
      ['redis', 'warn'],
    ]);
    for (const { seconds } of told) t.true(Number(seconds) > 2 && Number(seconds) <= 5.1, String(seconds));
    const measured = valuesOf(await scrape(node), 'gatehouse_clock_difference_seconds');
    t.deepEqual(Object.keys(measured).sort(), ['store="database"', 'store="redis"']);
    for (const value of Object.values(measured)) t.true(value > 2 && value <= 5.1, String(value));
  },
);
