import test, { type ExecutionContext } from 'ava';
import { ADA, basic } from '../../lab/gateways/gateway.ts';
import { issue } from '../../lab/gateways/load.ts';
import { type GatewayNode, gateways } from '../../lab/gateways/nodes.ts';
import { temporaryDatabase } from '../../lab/stores/database.ts';
import { privateRedis } from '../../lab/stores/redis-server.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { changeEmail, loggedInAt, mailFolder } from '../../support/pages/owner-pages.ts';
import type { Visitor } from '../../support/pages/page-visitor.ts';

/** Two nodes, as far as the usual settings remember accounts, on one database and one Redis. */
async function twoNodes(t: ExecutionContext) {
  const [upstream, redis] = await Promise.all([httpUpstream(t), privateRedis(t)]);
  const mails = mailFolder(t);
  const group = await gateways(t, {
    location: await temporaryDatabase(t, 'sqlite'),
    redis: redis.url,
    upstream: upstream.url,
    settings: { mail: { url: mails.url }, accounts: { cache: '1m' }, tokens: { lifetime: '10m', maxLifetime: '10m' } },
  });
  const [one, other] = [await group.start('one'), await group.start('other')];
  return { group, one, other, mails, redis };
}

/** Of the first page of whoever is logged in: 200, or 303 to the login. */
async function statusAt(url: string, browser: Visitor): Promise<number> {
  return (await fetch(`${url}/account`, { headers: { cookie: browser.cookie() }, redirect: 'manual' })).status;
}

test('a new email counts at every node at once: for the session that changed it, and against all others', async (t) => {
  const { one, other, mails } = await twoNodes(t);
  const [ada, elsewhere] = [await loggedInAt(one.url, ADA), await loggedInAt(one.url, ADA)];
  t.is(await statusAt(other.url, ada), 200);
  await changeEmail(ada, mails, { email: 'countess@example.com', present: ADA.password });
  t.is(await statusAt(other.url, elsewhere), 303);
  t.is(await statusAt(other.url, ada), 200);
  t.is(await statusAt(one.url, ada), 200);
});

test('the old address opens nothing at any node once the email has changed, the new one does, and tokens go on', async (t) => {
  const { one, other, mails } = await twoNodes(t);
  const token = await issue(one, ADA);
  const nodes = [one, other];
  const status = async ({ url }: GatewayNode, authorization: string) =>
    (await fetch(`${url}/api/v1/orders`, { headers: { Authorization: authorization } })).status;
  const old = basic(ADA);
  const changed = basic({ ...ADA, email: 'countess@example.com' });
  // So that both know the account, for a minute by their settings, and what the password has proven.
  for (const node of nodes)
    for (const credentials of [old, `Bearer ${token.token}`]) t.is(await status(node, credentials), 200);
  await changeEmail(await loggedInAt(one.url, ADA), mails, { email: 'countess@example.com', present: ADA.password });
  t.is(await status(one, old), 401);
  await holds('the other node has heard of it', async () => (await status(other, old)) === 401);
  for (const node of nodes) {
    t.is(await status(node, changed), 200);
    t.is(await status(node, `Bearer ${token.token}`), 200);
  }
});

test('that all sessions have ended is known for as long as one of them could live, not only for the life of tokens', async (t) => {
  const { one, group } = await twoNodes(t);
  const ada = await loggedInAt(one.url, ADA);
  const begun = Date.now();
  t.is((await ada.post('/account/everywhere', {}, '/account')).location, '/account/login?done=everywhere');
  const { sql, query } = group.database;
  const [row] = await query(
    sql<{ account_id: string; expires_at: number }>('gatehouse_revocations').select('expires_at'),
  );
  t.true((row?.expires_at ?? 0) > begun + 12 * 3_600_000);
});

test('while Redis hangs, nobody is taken for logged out, and whoever comes sees the login', async (t) => {
  const { one, redis } = await twoNodes(t);
  const ada = await loggedInAt(one.url, ADA);
  redis.pause();
  const answer = await fetch(`${one.url}/account`, { headers: { cookie: ada.cookie() }, redirect: 'manual' });
  t.is(answer.status, 503);
  t.is(answer.headers.get('set-cookie'), null);
  t.notRegex(await answer.text(), /ECONN|node_modules|127\.0\.0\.1/);
  t.is((await fetch(`${one.url}/account/login`)).status, 200);
  redis.continue();
  await holds('she is logged in', async () => (await statusAt(one.url, ada)) === 200);
});
