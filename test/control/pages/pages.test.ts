import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { hashPassword } from '../../../gateway/identify/passwords/password.ts';
import { ADA, BOB, basic, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { visitor } from '../../support/pages/page-visitor.ts';

const EVE = { email: 'eve@example.com', password: 'a garden of apples' };

/** A gateway with registration, whose mails can be read. */
async function pagesGateway(t: ExecutionContext, settings: Record<string, unknown> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-mail-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'a', path: '/api/v1/a', upstream: upstream.url }],
    mail: { url: `folder:${folder}` },
    ...settings,
    accounts: { passwordCost: 4, cache: '1ms', registration: 'open', ...(settings.accounts as object) },
  });
  const mails = () => readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  /** The path of the link in the newest mail to an address that has one of this kind. */
  const linkTo = async (email: string, path: string): Promise<string> => {
    const link = new RegExp(`http://\\S*(/account${path}\\?link=[\\w.-]+)`);
    const found = () => mails().filter((mail) => mail.includes(email) && link.test(mail));
    await holds(`a mail to ${email}`, () => found().length > 0);
    return link.exec(found().at(-1) ?? '')?.[1] ?? '';
  };
  return { gateway, upstream, mails, linkTo, visit: () => visitor(gateway.url) };
}

/** Logs in. @returns the browser */
async function loggedIn(visit: () => ReturnType<typeof visitor>, who: { email: string; password: string }) {
  const browser = visit();
  const { status } = await browser.post('/account/login', who);
  if (status !== 303) throw new Error(`not logged in: ${status}`);
  return browser;
}

const linkOf = (path: string) => new URL(path, 'http://x').searchParams.get('link') ?? '';

test('who registers is let in when the mailed link was followed, which works once', async (t) => {
  const { gateway, linkTo, visit } = await pagesGateway(t);
  const browser = visit();
  t.is((await browser.post('/account/register', EVE)).status, 200);
  const link = await linkTo(EVE.email, '/confirm');
  const early = await loggedIn(visit, EVE);
  t.regex((await early.get('/account')).body, /Confirm your email/);
  t.is((await early.post('/account/tokens', { name: 'x', lifetime: '3600' }, '/account')).location, '/account');
  t.regex((await browser.get(link)).body, /One click/);
  t.regex((await early.get('/account')).body, /Confirm your email/, 'looking at the link confirms nothing');
  t.is(
    (await browser.post('/account/confirm', { link: linkOf(link) }, link)).location,
    '/account/login?done=confirmed',
  );
  const eve = await loggedIn(visit, EVE);
  t.regex((await eve.get('/account')).body, /Your tokens/);
  t.is((await fetch(`${gateway.url}/api/v1/a`, { headers: { Authorization: basic(EVE) } })).status, 200);
});

test('whoever has registered or forgotten a password can have the mail sent again, there where it is waited for', async (t) => {
  const { mails, visit } = await pagesGateway(t);
  const browser = visit();
  const sent = () => mails().filter((mail) => mail.includes(EVE.email)).length;
  const sentAgain = async (body: string, count: number) => {
    const [, action = ''] = /<form class="card" method="post" action="([^"]+)"/.exec(body) ?? [];
    const [, token = ''] = /name="form_token" value="([^"]*)"/.exec(body) ?? [];
    t.regex(body, /Check your spam folder/);
    const answer = await browser.send(action, { form_token: token, email: EVE.email });
    t.is(answer.status, 200);
    t.regex(answer.body, /<h1>Check your email<\/h1>/);
    await holds('another mail', () => sent() === count);
    return answer.body;
  };
  const { body } = await browser.post('/account/register', EVE);
  await holds('a mail', () => sent() === 1);
  t.regex(await sentAgain(body, 2), /The message is on its way/);
  const forgotten = await browser.post('/account/forgotten', { email: EVE.email });
  await holds('a mail to set a password', () => sent() === 3);
  await sentAgain(forgotten.body, 4);
});

test('a mail is sent again to addresses alone, and the answer tells nothing of accounts', async (t) => {
  const { mails, visit } = await pagesGateway(t);
  const again = async (email: string) => {
    const { status, body } = await visit().post('/account/confirm/again', { email }, '/account/login');
    return `${status} ${body.replaceAll(email, 'EMAIL').replace(/name="form_token" value="[^"]*"/g, '')}`;
  };
  const [owner, unconfirmed, nobody] = [await again(ADA.email), await again(BOB.email), await again('no@example.com')];
  t.is(owner, nobody);
  t.is(unconfirmed, nobody);
  t.regex(await again('no address'), /^422 .*The email /s);
  await holds('a mail to who is not confirmed', () => mails().length === 1);
  t.is((await visit().post('/account/confirm/again', {}, '/account/login')).location, '/account/login?done=again');
});

test('no form tells which emails exist', async (t) => {
  const { mails, visit } = await pagesGateway(t);
  const answers = async (path: string, fields: (email: string) => Record<string, string>) => {
    const shown = await Promise.all(
      [ADA.email, BOB.email, 'nobody@example.com'].map(async (email) => {
        const { status, body } = await visit().post(path, fields(email));
        return `${status} ${body.replaceAll(email, 'EMAIL').replace(/name="form_token" value="[^"]*"/g, '')}`;
      }),
    );
    t.is(new Set(shown).size, 1, path);
    return shown[0] ?? '';
  };
  t.regex(await answers('/account/login', (email) => ({ email, password: 'not the right one' })), /^422 /);
  t.regex(await answers('/account/register', (email) => ({ email, password: EVE.password })), /^200 /);
  t.regex(await answers('/account/forgotten', (email) => ({ email })), /^200 /);
  await holds('the owner is told', () => mails().some((mail) => mail.includes(ADA.email) && mail.includes('already')));
});

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

test('a new password asks for the present one, and ends other sessions and all tokens', async (t) => {
  const { gateway, visit } = await pagesGateway(t);
  const [one, other] = [await loggedIn(visit, ADA), await loggedIn(visit, ADA)];
  const token = await gateway.token();
  const change = (present: string, password: string) => one.post('/account/password', { present, password });
  t.regex((await change('wrong', EVE.password)).body, /not your present password/);
  t.regex((await change(ADA.password, 'short')).body, /fewer than 8/);
  const done = await change(ADA.password, EVE.password);
  t.is(done.location, '/account/password?done=new-password');
  t.is((await one.get('/account')).status, 200);
  t.is((await other.get('/account')).location, '/account/login');
  t.is((await fetch(`${gateway.url}/api/v1/a`, { headers: { Authorization: `Bearer ${token}` } })).status, 401);
});

test('a session ends when the account changes elsewhere', async (t) => {
  const { gateway, visit } = await pagesGateway(t);
  const ada = await loggedIn(visit, ADA);
  await gateway.accounts.setConfirmed('1', false);
  await holds('she sees that she must confirm', async () =>
    (await ada.get('/account')).body.includes('Confirm your email'),
  );
  await gateway.accounts.setConfirmed('1', true);
  await gateway.accounts.setPassword('1', await hashPassword('another one', 4));
  await holds('she is logged out', async () => (await ada.get('/account')).location === '/account/login');
  t.pass();
});

test('a forgotten password is set anew by a link that works once', async (t) => {
  const { linkTo, visit } = await pagesGateway(t);
  const browser = visit();
  t.is((await browser.post('/account/forgotten', { email: 'ADA@example.com' })).status, 200);
  const path = await linkTo(ADA.email, '/reset');
  const reset = (password: string) => browser.post('/account/reset', { link: linkOf(path), password }, path);
  t.regex((await reset('short')).body, /fewer than 8/);
  t.is((await reset(EVE.password)).location, '/account/login?done=new-password');
  t.is((await browser.get(path)).status, 422);
  await loggedIn(visit, { ...ADA, password: EVE.password });
});

test('another email counts when the link that was sent to it is followed', async (t) => {
  const { mails, linkTo, visit } = await pagesGateway(t);
  const [one, other] = [await loggedIn(visit, ADA), await loggedIn(visit, ADA)];
  const wish = { email: 'countess@example.com', present: ADA.password };
  t.is((await one.post('/account/email', wish)).status, 200);
  const path = await linkTo('countess@example.com', '/email/confirm');
  t.is((await one.get('/account')).status, 200);
  t.is((await one.post('/account/email/confirm', { link: linkOf(path) }, path)).location, '/account/email?done=moved');
  t.regex((await one.get('/account')).body, /countess@example\.com/);
  t.is((await other.get('/account')).location, '/account/login');
  await loggedIn(visit, { ...ADA, email: 'countess@example.com' });
  await holds('the old address is told', () => mails().some((mail) => mail.includes('ada@example.com')));
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
