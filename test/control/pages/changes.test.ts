import test from 'ava';
import { hashPassword } from '../../../gateway/identify/passwords/password.ts';
import { ADA } from '../../lab/gateways/gateway.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { EVE, linkOf, loggedIn, pagesGateway } from '../../support/pages/pages-gateway.ts';

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
