import test from 'ava';
import { ADA, basic } from '../lab/gateways/gateway.ts';
import { ask, bearer, type Issued, issue, revoke, untilStatus } from '../lab/gateways/load.ts';
import { gateways } from '../lab/gateways/nodes.ts';
import { pairUnderLoad } from '../lab/gateways/pair.ts';
import { temporaryDatabase } from '../lab/stores/database.ts';
import { privateRedis } from '../lab/stores/redis-server.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';

/** Milliseconds within which what is in the database is known. */
const BY_POLL = 2_000;

test('without Redis, a command on the same SQLite file reaches the gateway', async (t) => {
  const upstream = await httpUpstream(t);
  const group = await gateways(t, {
    location: await temporaryDatabase(t, 'sqlite'),
    redis: '',
    upstream: upstream.url,
    settings: { accounts: { cache: '1m' } },
  });
  const node = await group.start('A');
  const [one, other] = [await issue(node, ADA), await issue(node, ADA)];
  for (const token of [one, other]) t.is((await ask(node, token)).status, 200);
  t.deepEqual(await group.command(['token', 'revoke', one.id]), {
    code: 0,
    stdout: `Revoked token ${one.id}.\n`,
    stderr: '',
  });
  await untilStatus(node, one, 401, BY_POLL);
  t.is((await ask(node, other)).status, 200);
  t.is((await group.command(['user', 'unconfirm', ADA.email])).code, 0);
  await untilStatus(node, other, 403, BY_POLL);
});

test('a database that goes back to an older state opens no token that the nodes knew as revoked', async (t) => {
  const [redis, location] = await Promise.all([privateRedis(t), temporaryDatabase(t, 'mysql')]);
  const { a, b, gateways: group, ada, load } = await pairUnderLoad(t, { location, redis: redis.url });
  const { sql, query } = group.database;
  const revoked: Issued[] = [];
  for (let i = 0; i < 5; i++) revoked.push(await issue(a, ADA));
  for (const { id } of revoked) t.is((await revoke(a, id, bearer(ada))).status, 204);
  await Promise.all(revoked.map((token) => untilStatus(b, token, 401, BY_POLL)));
  const since = performance.now();
  load.tokens.push(...revoked);

  await query(sql('gatehouse_revocations').where('position', '>', 2).delete());
  await query(
    sql('gatehouse_tokens')
      .whereIn(
        'jti',
        revoked.slice(2).map(({ id }) => id),
      )
      .update({ revoked_at: null }),
  );
  await query(sql('gatehouse_revocation_head').update({ position: 2 }));

  // Their positions have been given out before.
  const [later, last] = [await issue(a, ADA), await issue(b, ADA)];
  t.is((await revoke(a, later.id, basic(ADA))).status, 204);
  await untilStatus(b, later, 401, BY_POLL);
  t.is((await revoke(b, last.id, basic(ADA))).status, 204);
  await untilStatus(a, last, 401, BY_POLL);
  t.is((await ask(a, ada)).status, 200);

  const ids = new Set(revoked.map(({ id }) => id));
  const answers = (await load.since(since)).filter(({ id }) => ids.has(id));
  t.true(answers.length > 0);
  t.deepEqual(
    answers.filter(({ status }) => status !== 401),
    [],
  );
});
