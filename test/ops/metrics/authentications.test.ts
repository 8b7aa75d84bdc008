import test from 'ava';
import { UNRESTRICTED } from '../../../gateway/domain/identity.ts';
import { tokenSigner } from '../../../gateway/signing/token.ts';
import { ADA, BOB, basic, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { countsOf, valuesOf } from '../../support/reports/exposition.ts';
import { scrape } from '../../support/reports/scrape.ts';

const SECRET = 'of these tests alone, and long enough';

test('authentications are counted by what they came to', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    tokens: { secrets: [SECRET] },
    accounts: { passwordCost: 4, cache: '1m', throttle: { perAddressAndAccount: 1 } },
    routes: [{ name: 'orders', path: '/api/v1/orders', upstream: upstream.url }],
  });
  const account = await gateway.accounts.findById('1');
  if (account === null) return t.fail();
  const signer = tokenSigner({ secrets: [SECRET], maxLifetime: 3_600_000 });
  const now = Math.floor(Date.now() / 1000);
  const signed = (jti: string, issuedAt: number, stamp = account.stamp) =>
    `Bearer ${signer.sign({ ...account, stamp }, { jti, issuedAt, lifetime: 60, ...UNRESTRICTED })}`;

  const ask = async (authorization?: string) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { Authorization: authorization };
    const answer = await fetch(`${gateway.url}/api/v1/orders`, { headers });
    await answer.text();
    return answer.status;
  };
  const revoked = `Bearer ${await gateway.token()}`;
  t.is(await ask(revoked), 200);
  const current = `${gateway.url}/api/v1/tokens/current`;
  t.is((await fetch(current, { method: 'DELETE', headers: { Authorization: revoked } })).status, 204);

  const answers: [status: number, authorization?: string][] = [
    [401],
    [401, 'Basic nonsense'],
    [401, 'Digest x'],
    [401, basic({ email: 'nobody@example.com', password: 'x' })],
    [401, basic({ ...BOB, password: 'wrong' })],
    [429, basic({ ...BOB, password: 'again' })],
    [200, signed('one', now)],
    [200, signed('one', now)],
    [401, signed('old', now - 120)],
    [401, signed('bound', now, 'another stamp')],
    [401, signed('removed', now).slice(0, -3)],
    [401, 'Bearer a.b.c'],
    [401, revoked],
    [200, basic(ADA)],
  ];
  for (const [status, authorization] of answers) t.is(await ask(authorization), status, authorization);

  const scraped = await scrape(gateway);
  t.deepEqual(countsOf(scraped, 'gatehouse_authentications_total'), {
    'outcome="accepted",reason="password"': 2,
    'outcome="accepted",reason="token"': 4,
    'outcome="refused",reason="absent"': 1,
    'outcome="refused",reason="malformed"': 2,
    'outcome="refused",reason="unknown_account"': 1,
    'outcome="refused",reason="wrong_password"': 1,
    'outcome="refused",reason="throttled"': 1,
    'outcome="refused",reason="token_expired"': 1,
    'outcome="refused",reason="account_changed"': 1,
    'outcome="refused",reason="invalid_token"': 2,
    'outcome="refused",reason="token_revoked"': 1,
  });
  t.deepEqual(valuesOf(scraped, 'gatehouse_cache_requests_total'), {
    // The revoked token twice, the one that is asked with twice, and Ada's password.
    'cache="assertions",result="hit"': 0,
    'cache="assertions",result="miss"': 0,
    'cache="credentials",result="hit"': 4,
    'cache="credentials",result="miss"': 12,
    'cache="accounts",result="hit"': 6,
    'cache="accounts",result="miss"': 1,
  });
  t.is(valuesOf(scraped, 'gatehouse_denylist_tokens')[''], 1);
  t.deepEqual(valuesOf(scraped, 'gatehouse_store_up'), { 'store="database"': 1 });
  t.deepEqual(valuesOf(scraped, 'gatehouse_workers'), { '': 1 });
  const age = valuesOf(scraped, 'gatehouse_denylist_age_seconds')[''] ?? -1;
  t.true(age >= 0 && age < 60, String(age));
});
