import test, { type ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import { basic } from '../../../lab/gateways/gateway.ts';
import { fileScope } from '../../../lab/scope.ts';
import { openBrowser } from '../../../support/browser/browser.ts';
import { pagesSite, send } from '../../../support/browser/page-tour.ts';

const scope = fileScope();
const browser = openBrowser(scope);
const site = pagesSite(scope, browser);
const PASSWORD = 'nine small otters';
const OTHER_PASSWORD = 'ten small otters';

const heading = (page: Page) => page.locator('h1').innerText();
const notice = (page: Page) => page.locator('.notice').innerText();

async function logIn(page: Page, email: string, password: string): Promise<void> {
  await page.goto('/account/login');
  await send(page, 'Log in', { Email: email, Password: password });
}

/** Makes a token on the pages. @returns what a call of the API with it is answered with */
async function tokenOf(page: Page): Promise<() => Promise<number>> {
  const { gateway } = await site;
  await send(page, 'Create a token');
  const Authorization = basic({ email: await page.getByLabel('Token', { exact: true }).inputValue(), password: '' });
  return async () => (await fetch(`${gateway.url}/api/v1/example/x`, { headers: { Authorization } })).status;
}

async function problemBeside(t: ExecutionContext, page: Page, label: string, problem: RegExp): Promise<void> {
  const field = page.getByLabel(label, { exact: true });
  t.is(await field.getAttribute('aria-invalid'), 'true');
  const ids = ((await field.getAttribute('aria-describedby')) ?? '').split(' ');
  const texts = await Promise.all(ids.map((id) => page.locator(`#${id}`).innerText()));
  t.regex(texts.join(' '), problem);
}

test('whoever has forgotten the password chooses another one, which ends every session and token', async (t) => {
  const { addOwner, visit, mailedLink } = await site;
  const email = 'forgotten@example.com';
  await addOwner(email, PASSWORD, true);
  const [desk, phone] = [await visit(), await visit()];
  await logIn(desk.page, email, PASSWORD);
  const call = await tokenOf(desk.page);

  await phone.page.goto('/account/login');
  await phone.page.getByRole('link', { name: 'I have forgotten my password' }).click();
  await send(phone.page, 'Send the link', { Email: email });
  const link = await mailedLink(email, 'Choose');
  await phone.page.goto(link);
  await send(phone.page, 'Set the password', { 'New password': 'short' });
  await problemBeside(t, phone.page, 'New password', /fewer than 8/);
  await send(phone.page, 'Set the password', { 'New password': OTHER_PASSWORD });
  t.regex(await notice(phone.page), /password is changed/);

  t.is(await call(), 401);
  await desk.page.goto('/account/');
  t.is(await heading(desk.page), 'Log in');
  await phone.page.goto(link);
  t.is(await heading(phone.page), 'This link is not good any more');
  await logIn(phone.page, email, PASSWORD);
  await problemBeside(t, phone.page, 'Password', /no account with this email and this password/);
  await logIn(phone.page, email, OTHER_PASSWORD);
  t.is(await heading(phone.page), 'Tokens');
  t.deepEqual([...desk.troubles, ...phone.troubles], []);
});

test('a new password needs the present one, and ends the tokens and the other sessions', async (t) => {
  const { addOwner, visit } = await site;
  const email = 'password@example.com';
  await addOwner(email, PASSWORD, true);
  const [desk, phone] = [await visit(), await visit()];
  await logIn(desk.page, email, PASSWORD);
  await logIn(phone.page, email, PASSWORD);
  const call = await tokenOf(desk.page);

  await desk.page.getByRole('link', { name: 'Password' }).click();
  const change = (present: string) =>
    send(desk.page, 'Change the password', { 'Present password': present, 'New password': OTHER_PASSWORD });
  await change('a guess of mine');
  await problemBeside(t, desk.page, 'Present password', /not your present password/);
  t.is(await call(), 200);
  await change(PASSWORD);
  t.regex(await notice(desk.page), /password is changed/);

  t.is(await call(), 401);
  await phone.page.goto('/account/');
  t.is(await heading(phone.page), 'Log in');
  await desk.page.goto('/account/');
  t.is(await heading(desk.page), 'Tokens');
});

test('a new email counts once its link is followed; what was typed stays in a form that is refused', async (t) => {
  const { addOwner, visit, mailedLink } = await site;
  const [email, next] = ['before@example.com', 'after@example.com'];
  await addOwner(email, PASSWORD, true);
  const { page } = await visit();
  await logIn(page, email, PASSWORD);
  const call = await tokenOf(page);

  await page.goto('/account/email');
  await page.getByLabel('End all of my tokens as well').check();
  await send(page, 'Send the link', { 'New email': next, 'Present password': 'a guess of mine' });
  await problemBeside(t, page, 'Present password', /not your present password/);
  t.is(await page.getByLabel('New email').inputValue(), next);
  t.is(await page.getByLabel('Present password').inputValue(), '');
  t.true(await page.getByLabel('End all of my tokens as well').isChecked());
  await send(page, 'Send the link', { 'Present password': PASSWORD });
  t.is(await heading(page), 'Check your email');
  await page.goto(await mailedLink(next, 'Confirm'));
  t.is(await call(), 200);
  await send(page, 'Change it');
  t.is(await page.locator('.owner span').innerText(), next);
  t.is(await call(), 401);
  await send(page, 'Log out');
  await logIn(page, email, PASSWORD);
  t.is(await heading(page), 'Log in');
  await logIn(page, next, PASSWORD);
  t.is(await heading(page), 'Tokens');
});

test('signing out everywhere ends every token and every session', async (t) => {
  const { addOwner, visit } = await site;
  const email = 'everywhere@example.com';
  await addOwner(email, PASSWORD, true);
  const [desk, phone] = [await visit(), await visit()];
  await logIn(desk.page, email, PASSWORD);
  await logIn(phone.page, email, PASSWORD);
  const call = await tokenOf(phone.page);
  t.is(await call(), 200);
  await desk.page.getByRole('link', { name: 'Sign out everywhere' }).click();
  t.is(await heading(desk.page), 'Sign out everywhere?');
  t.is(await call(), 200);
  await send(desk.page, 'Sign out everywhere');
  t.regex(await notice(desk.page), /tokens and sessions have ended/);
  t.is(await call(), 401);
  for (const { page } of [desk, phone]) {
    await page.goto('/account/');
    t.is(await heading(page), 'Log in');
  }
});

test('an owner who is not confirmed sees that, and nothing else', async (t) => {
  const { addOwner, visit, mailedLink } = await site;
  const email = 'unconfirmed@example.com';
  await addOwner(email, PASSWORD, false);
  const { page } = await visit();
  await logIn(page, email, PASSWORD);
  for (const path of ['', '/password', '/email', '/login']) {
    await page.goto(`/account${path}`);
    t.is(await heading(page), 'Confirm your email', path);
    t.is(await page.getByRole('navigation').count(), 0, path);
  }
  await send(page, 'Send it again');
  t.regex(await notice(page), /on its way/);
  await page.goto(await mailedLink(email, 'Confirm'));
  await send(page, 'Confirm');
  t.is(await heading(page), 'Tokens');
  t.regex(await notice(page), /your account is ready/);
});
