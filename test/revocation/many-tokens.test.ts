import test from 'ava';
import type { Database } from '../../gateway/stores/database/connection.ts';
import { ADA, BOB, basic } from '../lab/gateways/gateway.ts';
import { ask, issue, revoke, untilStatus } from '../lab/gateways/load.ts';
import { gateways } from '../lab/gateways/nodes.ts';
import { temporaryDatabase } from '../lab/stores/database.ts';
import { privateRedis } from '../lab/stores/redis-server.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';

/** So many that a node is killed long before it has marked all of them. */
const MANY = 40_000;
const BY_POLL = 3_000;
/** Milliseconds for marking all of them, on a machine that is busy. */
const MARKED = 120_000;

test('an account with 40,000 tokens is stopped at once, and its records are marked in pieces, by another node where one is killed', async (t) => {
  const [redis, location, upstream] = await Promise.all([
    privateRedis(t),
    temporaryDatabase(t, 'mysql'),
    httpUpstream(t),
  ]);
  const group = await gateways(t, { location, redis: redis.url, upstream: upstream.url });
  const [a, b] = await Promise.all([group.start('A'), group.start('B')]);
  const [mine, another] = [await issue(a, ADA), await issue(a, BOB)];
  await insertTokens(group.database);
  for (const node of [a, b]) t.is((await ask(node, mine)).status, 200);

  // With the default `database.timeout`, of two seconds.
  t.is((await revoke(a, '', basic(ADA))).status, 204);
  t.is((await ask(a, mine)).status, 401);
  await a.kill();
  await untilStatus(b, mine, 401, BY_POLL);
  const next = await issue(b, ADA);
  t.is((await ask(b, next)).status, 200);

  const unmarked = () => unmarkedOf(group.database);
  t.true((await unmarked()) > 1, 'it is not done in one piece');
  await holds('all but the next are marked', async () => (await unmarked()) === 1, MARKED);
  for (const token of [next, another]) t.is((await ask(b, token)).status, 200);
  await holds('other programs are told of the last of them', async () => {
    return (await redis.client.exists(`gatehouse:denylist:${idOf(MANY - 1)}`)) === 1;
  });
  t.deepEqual(
    b.log.filter(({ fault }) => fault === 'database'),
    [],
  );
});

function idOf(i: number): string {
  return `${i.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
}

async function insertTokens({ sql, query }: Database): Promise<void> {
  const now = Math.floor(Date.now() / 1000) * 1000;
  await query(
    sql.raw(
      `insert into gatehouse_tokens (jti, account_id, issued_at, expires_at)
       select concat(lower(lpad(hex(seq), 8, '0')), '-0000-4000-8000-000000000000'), '1', ?, ? from seq_0_to_${MANY - 1}`,
      [now - 1_000, now + 3_600_000],
    ),
  );
}

async function unmarkedOf({ sql, query }: Database): Promise<number> {
  const unmarked = sql('gatehouse_tokens').where('account_id', '1').whereNull('revoked_at');
  const [row] = await query(unmarked.count<{ count: number }[]>('* as count'));
  return Number(row?.count);
}
