import test from 'ava';
import { ADA, BOB, basic } from '../../lab/gateways/gateway.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { EVE, linkOf, loggedIn, pagesGateway } from '../../support/pages/pages-gateway.ts';

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
