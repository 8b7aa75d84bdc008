import test from 'ava';
import { ADA, BOB, basic, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';

test('a password, a token as Basic user name and a Bearer token all reach the upstream as the account', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'orders', path: '/api/v1/orders', upstream: upstream.url, stripPrefix: '/api/v1' }],
  });
  const issued = await fetch(`${gateway.url}/api/v1/tokens/`, {
    method: 'POST',
    headers: { Authorization: basic(ADA) },
  });
  t.is(issued.status, 200);
  t.is(issued.headers.get('cache-control'), 'no-store');
  const { token, expiration, ...rest } = (await issued.json()) as { token: string; expiration: number };
  t.is(expiration, 3600);
  t.deepEqual(rest, {});

  for (const authorization of [
    basic(ADA),
    basic({ email: token, password: '' }),
    `Bearer ${token}`,
    `bEARER ${token}`,
  ]) {
    const answer = await fetch(`${gateway.url}/api/v1/orders/7?x=1`, { headers: { Authorization: authorization } });
    t.is(answer.status, 200, authorization);
    t.deepEqual(await answer.json(), { url: '/orders/7?x=1', userId: '1' });
  }
  t.true(upstream.seen.every((request) => request.values('authorization').length === 0));
});

test('an unconfirmed account is told so only after its password is proven', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, { routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url }] });
  const proven = await fetch(`${gateway.url}/api/v1/o`, { headers: { Authorization: basic(BOB) } });
  t.is(proven.status, 403);
  t.deepEqual(await proven.json(), { error: 'forbidden', message: 'Unconfirmed account' });
  const wrong = await fetch(`${gateway.url}/api/v1/o`, {
    headers: { Authorization: basic({ ...BOB, password: 'x' }) },
  });
  t.is(wrong.status, 401);
  t.deepEqual(await wrong.json(), { error: 'unauthorized', message: 'Invalid credentials' });
  t.is(upstream.seen.length, 0);
});
