import test from 'ava';
import { ADA, BOB, basic } from '../lab/gateways/gateway.ts';
import { bearer, issue, revoke, untilStatus } from '../lab/gateways/load.ts';
import { type GatewayNode, gateways } from '../lab/gateways/nodes.ts';
import { temporaryPostgres } from '../lab/stores/database.ts';
import { throughPgbouncer } from '../lab/stores/pgbouncer.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { loggedInAt } from '../support/pages/owner-pages.ts';
import type { Visitor } from '../support/pages/page-visitor.ts';

/** Milliseconds within which a node without Redis learns of a revocation, on a busy machine. */
const LEARNED = 20_000;

test('on PostgreSQL behind a pooler, two nodes share accounts, sessions, tokens and revocations, and a command reaches both', async (t) => {
  const direct = await temporaryPostgres(t);
  const location = { ...(await throughPgbouncer(t, direct)), schema: 'gate' };
  const upstream = await httpUpstream(t, (req, res) => res.end(String(req.headers['x-user-id'])));
  // A busy machine is not an outage.
  const settings = { database: { timeout: '10s' } };
  const group = await gateways(t, { location, redis: '', upstream: upstream.url, settings });
  const [one, other] = await Promise.all([group.start('one'), group.start('other')]);

  t.log('a password and a token');
  const token = await issue(one, ADA);
  for (const node of [one, other]) {
    for (const credentials of [basic(ADA), bearer(token)]) t.is(await userAt(node, credentials), '1');
  }

  t.log('a token that is revoked at one node is refused at both');
  t.is((await revoke(other, 'current', bearer(token))).status, 204);
  await untilStatus(other, token, 401, 0);
  await untilStatus(one, token, 401, LEARNED);

  t.log('a session');
  const ada = await loggedInAt(one.url, ADA);
  t.is(await pageAt(other, ada), 200);
  t.is((await ada.post('/account/logout', {}, '/account')).status, 303);
  t.is(await pageAt(other, ada), 303);

  t.log('commands');
  const bobs = await issue(other, BOB);
  const { code, stderr } = await group.command(['token', 'revoke', '--user', BOB.email]);
  t.is(code, 0, stderr);
  await Promise.all([one, other].map((node) => untilStatus(node, bobs, 401, LEARNED)));
  const listed = await group.command(['user', 'list', '--json']);
  t.is((JSON.parse(listed.stdout) as unknown[]).length, 2);
  t.is((await group.command(['user', 'unconfirm', ADA.email])).code, 0);
  await holds('both refuse her', async () =>
    (await Promise.all([one, other].map(statusOfAda))).every((s) => s === 403),
  );
  for (const node of [one, other]) t.is((await node.ready()).status, 200);
});

async function userAt(node: GatewayNode, authorization: string): Promise<string> {
  return await (await fetch(`${node.url}/api/v1/orders`, { headers: { Authorization: authorization } })).text();
}

async function statusOfAda(node: GatewayNode): Promise<number> {
  return (await fetch(`${node.url}/api/v1/orders`, { headers: { Authorization: basic(ADA) } })).status;
}

/** Of the first page of whoever is logged in: 200, or 303 to the login. */
async function pageAt(node: GatewayNode, browser: Visitor): Promise<number> {
  return (await fetch(`${node.url}/account`, { headers: { cookie: browser.cookie() }, redirect: 'manual' })).status;
}
