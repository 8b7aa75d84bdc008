import test from 'ava';
import { ADA, BOB, basic } from '../../lab/gateways/gateway.ts';
import { loggedIn, pagesGateway } from '../../support/pages/pages-gateway.ts';

test('wrong passwords on the form and in the API are counted together', async (t) => {
  const { gateway, visit } = await pagesGateway(t, {
    accounts: { throttle: { perAddressAndAccount: 3 } },
  });
  const browser = visit();
  for (let i = 0; i < 3; i++) {
    t.is((await browser.post('/account/login', { email: ADA.email, password: 'wrong' })).status, 422);
  }
  const refused = await browser.post('/account/login', { email: ADA.email, password: ADA.password });
  t.is(refused.status, 429);
  t.true(Number(refused.headers['retry-after']) > 0);
  t.regex(refused.body, /Too many tries/);
  t.is((await fetch(`${gateway.url}/api/v1/a`, { headers: { Authorization: basic(ADA) } })).status, 429);
});

test('a token that was made here opens the API until it is revoked here; a cookie never does', async (t) => {
  const { gateway, visit } = await pagesGateway(t);
  const ada = await loggedIn(visit, ADA);
  const made = await ada.post('/account/tokens', { name: 'for <the> test', lifetime: '3600' }, '/account');
  t.is(made.status, 303);
  const { body } = await ada.get(made.location ?? '');
  t.regex(body, /for &lt;the> test/);
  const [, token = ''] = /<textarea id="token"[^>]*>([^<]+)</.exec(body) ?? [];
  const status = async (headers: Record<string, string>) =>
    (await fetch(`${gateway.url}/api/v1/a`, { headers })).status;
  t.is(await status({ Authorization: `Bearer ${token}` }), 200);
  t.is(await status({ Cookie: ada.cookie() }), 401);
  const [, id = ''] = /href="\/account\/tokens\/([^/]+)\/revoke"/.exec((await ada.get('/account')).body) ?? [];
  const mallory = await loggedIn(visit, BOB);
  t.is((await mallory.post(`/account/tokens/${id}/revoke`, {}, '/account')).location, '/account');
  t.is(await status({ Authorization: `Bearer ${token}` }), 200);
  t.is((await ada.post(`/account/tokens/${id}/revoke`, {}, '/account')).location, '/account?done=revoked');
  t.is(await status({ Authorization: `Bearer ${token}` }), 401);
});

test('signing out everywhere ends all tokens and all sessions, and the next login holds', async (t) => {
  const { gateway, visit } = await pagesGateway(t);
  const [one, other] = [await loggedIn(visit, ADA), await loggedIn(visit, ADA)];
  const token = await gateway.token();
  t.is((await one.post('/account/everywhere', {}, '/account')).location, '/account/login?done=everywhere');
  t.is((await other.get('/account')).location, '/account/login');
  t.is((await fetch(`${gateway.url}/api/v1/a`, { headers: { Authorization: `Bearer ${token}` } })).status, 401);
  const again = await loggedIn(visit, ADA);
  t.is((await again.get('/account')).status, 200);
});

test('what was typed stays, with what is wrong beside it, and a password is never sent back', async (t) => {
  const { visit } = await pagesGateway(t);
  const shown = await visit().post('/account/register', { email: 'no "address', password: 'secret' });
  t.is(shown.status, 422);
  t.regex(shown.body, /value="no &quot;address"/);
  t.regex(shown.body, /id="email-problem">The email /);
  t.regex(shown.body, /id="password-problem">The password has fewer/);
  t.false(shown.body.includes('secret'));
});

test('forms of other sites, old forms, and forms of nobody come to nothing', async (t) => {
  const { visit } = await pagesGateway(t);
  const browser = visit();
  t.is((await browser.send('/account/login', ADA)).location, '/account/login?done=stale');
  t.is((await browser.send('/account/login', ADA, { 'sec-fetch-site': 'cross-site' })).status, 403);
  t.is((await browser.send('/account/login', ADA, { origin: 'https://evil.example' })).status, 403);
  t.is((await browser.get('/account')).location, '/account/login');
  const ada = await loggedIn(visit, ADA);
  t.is(
    (await ada.send('/account/everywhere', {}, { 'sec-fetch-site': 'same-origin' })).location,
    '/account/everywhere?done=stale',
  );
  t.is((await browser.post('/account/everywhere', {}, '/account/login')).location, '/account/login?done=again');
  t.is((await ada.get('/account')).status, 200);
});

test('no address leads elsewhere, and no text of a link stands on a page', async (t) => {
  const { visit } = await pagesGateway(t);
  const browser = visit();
  const fields = { ...ADA, next: '//evil.example', return_to: 'https://evil.example' };
  t.is((await browser.post('/account/login', fields, '/account/login?next=//evil.example')).location, '/account');
  for (const path of [
    '/account/login?done=<b>x</b>',
    '/account/login?done=__proto__',
    '/account/reset?link=<b>x</b>',
  ]) {
    const { status, body } = await browser.get(path);
    t.true(status < 500, path);
    t.false(body.includes('<b>x'), path);
  }
});

test('pages that are not offered are not there: closed registration, no mail, an unknown path, another method', async (t) => {
  const { visit } = await pagesGateway(t, { accounts: { registration: 'closed' }, mail: { url: '' } });
  const browser = visit();
  for (const path of ['/account/register', '/account/forgotten', '/account/x', '/account/tokens/1/revoke/x']) {
    const shown = await browser.get(path);
    t.is(shown.status, 404, path);
    t.regex(String(shown.headers['content-type']), /text\/html/);
  }
  t.is((await browser.get('/account/logout')).status, 405);
  const login = await browser.get('/account/login');
  t.notRegex(login.body, /register|forgotten/);
  t.regex(String(login.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
});
