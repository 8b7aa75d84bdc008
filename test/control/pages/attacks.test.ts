import test, { type ExecutionContext } from 'ava';
import { ADA, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { rawExchange, statusOf } from '../../support/http/raw.ts';
import { changeEmail, loggedInAt, mailFolder } from '../../support/pages/owner-pages.ts';
import { visitor } from '../../support/pages/page-visitor.ts';

async function attacked(t: ExecutionContext, accounts: Record<string, unknown> = {}) {
  const upstream = await httpUpstream(t);
  const mails = mailFolder(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'all', path: '/', auth: 'none', upstream: upstream.url }],
    mail: { url: mails.url },
    accounts: { passwordCost: 4, cache: '1ms', registration: 'open', ...accounts },
  });
  return { gateway, mails };
}

test('an email that was changed there and back makes no old link good again, and tokens go on', async (t) => {
  const { gateway, mails } = await attacked(t);
  const ada = await loggedInAt(gateway.url, ADA);
  const token = await gateway.token();
  const there = await changeEmail(ada, mails, { email: 'stranger@example.com', present: ADA.password });
  await changeEmail(ada, mails, { email: ADA.email, present: ADA.password });
  const page = `/account/email/confirm?link=${there}`;
  t.is((await visitor(gateway.url).get(page)).status, 422);
  const again = await visitor(gateway.url).post('/account/email/confirm', { link: there }, '/account/login');
  t.is(again.status, 422);
  t.is((await gateway.accounts.findById('1'))?.email, ADA.email);
  const answer = await fetch(`${gateway.url}/api/v1/tokens/`, { headers: { Authorization: `Bearer ${token}` } });
  t.is(answer.status, 200);
});

test('signing out everywhere ends the sessions that began in the same second, after it was done before', async (t) => {
  const { gateway } = await attacked(t);
  for (let i = 0; i < 3; i++) {
    // So that as much as can be happens in one second.
    await holds('a second begins', () => Date.now() % 1_000 < 50);
    await (await loggedInAt(gateway.url, ADA)).post('/account/everywhere', {}, '/account');
    const [one, other] = [await loggedInAt(gateway.url, ADA), await loggedInAt(gateway.url, ADA)];
    await one.post('/account/everywhere', {}, '/account');
    t.is((await other.get('/account')).location, '/account/login');
  }
});

test('whoever asks for too many mails is stopped, in whatever name', async (t) => {
  const { gateway } = await attacked(t, { throttle: { perAddressAndAccount: 3, perAddress: 3 } });
  const browser = visitor(gateway.url);
  const register = (i: number) => ({ email: `somebody${i}@example.com`, password: 'a garden of apples' });
  for (let i = 0; i < 3; i++) t.is((await browser.post('/account/register', register(i))).status, 200);
  const refused = await browser.post('/account/register', register(3));
  t.is(refused.status, 429);
  t.true(Number(refused.headers['retry-after']) > 0);
  t.regex(refused.body, /value="somebody3@example.com"/);
  t.regex(refused.body, /id="email-problem">Too many tries/);
  const [, token = ''] = /name="form_token" value="([^"]*)"/.exec(refused.body) ?? [];
  const asSomebodyElse = { 'x-forwarded-for': '192.0.2.7', forwarded: 'for=192.0.2.7', 'x-real-ip': '192.0.2.7' };
  const forgotten = { form_token: token, email: ADA.email };
  t.is((await browser.send('/account/forgotten', forgotten, asSomebodyElse)).status, 429);
  // Her password has not been tried once.
  await loggedInAt(gateway.url, ADA);
});

test('no spelling of a path and no method comes past the pages, to an upstream or to a stack', async (t) => {
  const { gateway } = await attacked(t);
  const ask = async (method: string, target: string) => {
    const host = `127.0.0.1:${gateway.port}`;
    const answer = await rawExchange(
      gateway.port,
      `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    t.notRegex(answer, /node_modules|\.ts:\d/, target);
    return statusOf(answer);
  };
  for (const target of ['/ACCOUNT/login', '/%61ccount', '/account;x/login', '/account%2flogin', '/account\\login']) {
    t.is(await ask('GET', target), 400, target);
  }
  for (const target of ['/account//login', '/account/%6cogin', '/account/login;x', '/account/__proto__']) {
    t.is(await ask('GET', target), 404, target);
  }
  t.is(await ask('GET', `http://127.0.0.1:${gateway.port}/account/login`), 200);
  t.is(await ask('GET', 'http://evil.example/account/login'), 400);
  for (const method of ['PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
    t.is(await ask(method, '/account/login'), 405, method);
  }
});
