import test from 'ava';
import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { provenCredentials } from '../../gateway/identify/proven-credentials.ts';
import { ADA, basic, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';

/** Costly enough that a hash is told from none on any machine. */
const COSTLY = 12;

test('a password is hashed once, and its next requests cost no hash', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, { routes: [{ name: 'a', path: '/api/v1/a', upstream: upstream.url }] });
  await gateway.accounts.setPassword('1', await hashPassword(ADA.password, COSTLY));
  const ask = async () => {
    const begun = performance.now();
    const { status } = await fetch(`${gateway.url}/api/v1/a`, { headers: { Authorization: basic(ADA) } });
    t.is(status, 200);
    return performance.now() - begun;
  };
  const first = await ask();
  let all = 0;
  for (let i = 0; i < 20; i++) all += await ask();
  t.true(all / 20 < first, `${all / 20} ms each, the first one ${first} ms`);
});

test('a new hash makes the proof of the old password worthless', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, { routes: [{ name: 'a', path: '/api/v1/a', upstream: upstream.url }] });
  const status = async (password: string) =>
    (await fetch(`${gateway.url}/api/v1/a`, { headers: { Authorization: basic({ ...ADA, password }) } })).status;
  t.is(await status(ADA.password), 200);
  t.is(await status(ADA.password), 200);
  await gateway.accounts.setPassword('1', await hashPassword('another one', 4));
  await holds('the old password is refused', async () => (await status(ADA.password)) === 401);
  t.is(await status('another one'), 200);
  await gateway.accounts.setConfirmed('1', false);
  await holds('the account is seen unconfirmed', async () => (await status('another one')) === 403);
  await gateway.accounts.remove('1');
  await holds('the account is seen removed', async () => (await status('another one')) === 401);
});

test('too many wrong passwords of one address are answered with 429, and those proven before go on', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    trustedProxies: ['127.0.0.1'],
    accounts: { passwordCost: 4, cache: '1ms', throttle: { perAddressAndAccount: 3, perAddress: 5 } },
    routes: [{ name: 'a', path: '/api/v1/a', upstream: upstream.url }],
  });
  const ask = (email: string, password: string, from: string) =>
    fetch(`${gateway.url}/api/v1/a`, {
      headers: { Authorization: basic({ email, password }), 'X-Forwarded-For': from },
    });
  t.is((await ask(ADA.email, ADA.password, '192.0.2.1')).status, 200);
  for (const spelling of ['ada@example.com', 'ADA@example.com', 'Ada@Example.com']) {
    t.is((await ask(spelling, 'wrong', '192.0.2.1')).status, 401);
  }
  const refused = await ask(ADA.email, 'wrong', '192.0.2.1');
  t.is(refused.status, 429);
  t.true(Number(refused.headers.get('retry-after')) > 0);
  t.is(((await refused.json()) as { error: string }).error, 'too_many_requests');
  t.is((await ask(ADA.email, ADA.password, '192.0.2.1')).status, 200, 'proven before');
  t.is((await ask('ada@EXAMPLE.com', ADA.password, '192.0.2.1')).status, 429, 'not proven in this spelling');
  t.is((await ask(ADA.email, ADA.password, '192.0.2.2')).status, 200, 'nobody locks the owner out from elsewhere');
  // The address has failed three times; of five, two are left for other accounts.
  t.is((await ask('eve@example.com', 'x', '192.0.2.1')).status, 401);
  t.is((await ask('eva@example.com', 'x', '192.0.2.1')).status, 401);
  t.is((await ask('eda@example.com', 'x', '192.0.2.1')).status, 429);
});

test('an IPv6 address counts by its /64, and a success costs nothing', async (t) => {
  const gateway = await testGateway(t, {
    trustedProxies: ['127.0.0.1'],
    accounts: { passwordCost: 4, cache: '1ms', throttle: { perAddressAndAccount: 2 } },
    routes: [{ name: 'a', path: '/api/v1/a', upstream: 'http://127.0.0.1:9' }],
  });
  const ask = async (password: string, from: string) =>
    (
      await fetch(`${gateway.url}/api/v1/tokens`, {
        headers: { Authorization: basic({ ...ADA, password }), 'X-Forwarded-For': from },
      })
    ).status;
  t.is(await ask('wrong', '2001:db8::1'), 401);
  for (let i = 0; i < 5; i++) t.is(await ask(ADA.password, '2001:db8::1'), 200);
  t.is(await ask('wrong', '2001:db8:0:0:ffff::2'), 401);
  t.is(await ask('wrong', '2001:db8::3'), 429);
  t.is(await ask('wrong', '2001:db8:0:1::1'), 401);
});

test('a weaker hash is replaced by bcrypt at the next login, and tokens go on', async (t) => {
  const gateway = await testGateway(t, {
    accounts: { passwordCost: 5, cache: '1ms' },
    routes: [{ name: 'a', path: '/api/v1/a', upstream: 'http://127.0.0.1:9' }],
  });
  const token = await gateway.token();
  await holds('the hash is of the present cost', async () =>
    /^\$2b\$05\$/.test((await gateway.accounts.findById('1'))?.passwordHash ?? ''),
  );
  const status = async (authorization: string) =>
    (await fetch(`${gateway.url}/api/v1/tokens`, { headers: { Authorization: authorization } })).status;
  t.is(await status(`Bearer ${token}`), 200);
  t.is(await status(basic(ADA)), 200);
});

test('what is remembered by is no password, no token, and another one in each process', (t) => {
  const [one, other] = [provenCredentials(), provenCredentials()];
  const field = basic(ADA);
  t.is(one.keyOf('authorization ', field), one.keyOf('authorization ', field));
  t.not(one.keyOf('authorization ', field), other.keyOf('authorization ', field));
  t.not(one.keyOf('x-api-key ', field), one.keyOf('authorization ', field));
  t.false(one.keyOf('authorization ', field).includes(field.slice(6, 20)));
});

test('proofs that have expired leave the memory, although nobody asks for them again', async (t) => {
  let now = 1;
  const proven = provenCredentials(() => now);
  const account = {
    id: '1',
    email: ADA.email,
    passwordHash: null,
    confirmed: true,
    stamp: 'a',
    groups: [],
    logins: [],
  };
  for (let i = 0; i < 1_000; i += 1) proven.remember(`old ${i}`, { by: 'password', account });
  now += 10 * 60_000 + 1;
  proven.remember('new', { by: 'password', account });
  // The cache reads its clock once in a second.
  await holds('the expired ones are gone', () => {
    now += 60_000;
    proven.remember('new', { by: 'password', account });
    return proven.size === 1;
  });
  t.not(proven.get('new'), undefined);
});
