import test from 'ava';
import type { Page } from 'playwright-core';
import { basic } from '../../../lab/gateways/gateway.ts';
import { fileScope } from '../../../lab/scope.ts';
import { NARROW, openBrowser, WIDE } from '../../../support/browser/browser.ts';
import { pagesSite, send } from '../../../support/browser/page-tour.ts';

const scope = fileScope();
const browser = openBrowser(scope);
const site = pagesSite(scope, browser);
const PASSWORD = 'nine small otters';

const heading = (page: Page) => page.locator('h1').innerText();
const notice = (page: Page) => page.locator('.notice').innerText();

for (const [how, options] of [
  ['at 1280 pixels', { scripts: true, viewport: WIDE }],
  ['at 360 pixels, without JavaScript', { scripts: false, viewport: NARROW }],
] as const) {
  test(`somebody registers, confirms, logs in, and uses and revokes a token ${how}`, async (t) => {
    const { gateway, upstream, visit, mailedLink } = await site;
    const email = `grace-${options.viewport.width}@example.com`;
    const { page, context, troubles } = await visit(options);

    await page.goto('/account');
    await page.getByRole('link', { name: 'I have no account yet' }).click();
    await send(page, 'Register', { Email: email, Password: PASSWORD });
    t.is(await heading(page), 'Check your email');
    await page.goto(await mailedLink(email, 'Confirm'));
    await send(page, 'Confirm');
    t.regex(await notice(page), /confirmed/);
    await send(page, 'Log in', { Email: email, Password: PASSWORD });
    t.is(await heading(page), 'Tokens');

    await page.getByLabel('Expires after').selectOption({ label: '7 days' });
    await send(page, 'Create a token', { Name: 'Nightly <backup>' });
    const token = await page.getByLabel('Token', { exact: true }).inputValue();
    t.is(await page.getByRole('button', { name: 'Copy the token' }).isVisible(), options.scripts);
    const curl = await page.getByLabel('Try it in a terminal').inputValue();
    t.is(curl, `curl -u '${token}:' ${gateway.url}/api/v1/tokens/`);
    const path = `/api/v1/example/${options.viewport.width}`;
    const Authorization = basic({ email: token, password: '' });
    const call = async () => (await fetch(gateway.url + path, { headers: { Authorization } })).status;
    t.is(await call(), 200);
    // The browser's own cookies are with this one, and stay with the gateway.
    t.is((await page.request.get(path, { headers: { Authorization } })).status(), 200);
    const seen = upstream.seen.filter(({ url }) => url === path).map((request) => request.values('cookie'));
    t.deepEqual(seen, [[], []]);

    await page.getByRole('link', { name: 'Done' }).click();
    t.false((await page.content()).includes(token));
    const row = page.getByRole('row', { name: 'Nightly <backup>' });
    t.is(await row.getByRole('rowheader').innerText(), 'Nightly <backup>');
    const [issued = 0, expires = 0] = await Promise.all(
      (await row.locator('time').all()).map(async (time) => Date.parse((await time.getAttribute('datetime')) ?? '')),
    );
    t.is(expires - issued, 7 * 86_400_000);

    // What opens the pages opens nothing of the API.
    const cookies = await context.cookies();
    t.deepEqual(cookies.map(({ name }) => name).sort(), ['gatehouse_form', 'gatehouse_session']);
    t.true(cookies.every(({ httpOnly, sameSite }) => httpOnly && sameSite === 'Lax'));
    t.is((await page.request.get('/account/')).status(), 200);
    for (const path of ['tokens/', 'example/x']) t.is((await page.request.get(`/api/v1/${path}`)).status(), 401);

    await row.getByRole('link', { name: 'Revoke Nightly <backup>' }).click();
    t.is(await heading(page), 'Revoke “Nightly <backup>”?');
    await page.getByRole('link', { name: 'Keep the token' }).click();
    t.is(await call(), 200);
    await row.getByRole('link', { name: 'Revoke Nightly <backup>' }).click();
    await send(page, 'Revoke the token');
    t.regex(await notice(page), /revoked/);
    t.is(await page.getByRole('row').count(), 0);
    t.is(await call(), 401);
    await send(page, 'Log out');
    t.regex(await notice(page), /logged out/);
    await page.goBack();
    await page.goto('/account/password');
    t.is(await heading(page), 'Log in');
    t.deepEqual(troubles, []);
  });
}

test('a copy button copies what stands beside it, and says so', async (t) => {
  const { gateway, visit, fields } = await withOwner('copy@example.com');
  const { page, context } = await visit();
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: gateway.url });
  await page.goto('/account/login');
  await send(page, 'Log in', fields);
  await send(page, 'Create a token');
  const button = page.getByRole('button', { name: 'Copy the command' });
  await button.click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  t.is(
    await page.evaluate('navigator.clipboard.readText()'),
    await page.getByLabel('Try it in a terminal').inputValue(),
  );
});

test('a form of another site, with the cookie of ours, does nothing', async (t) => {
  const { gateway, visit, fields } = await withOwner('victim@example.com');
  const { page } = await visit();
  await page.goto('/account/login');
  await send(page, 'Log in', fields);
  const other = gateway.url.replace('127.0.0.1', 'localhost');
  await page.route(`${other}/**`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<form method="post" action="${gateway.url}/account/everywhere"><button>Win</button></form>`,
    }),
  );
  await page.goto(`${other}/`);
  await page.getByRole('button').click();
  await page.waitForURL(`${gateway.url}/account/everywhere`);
  t.is(await heading(page), 'This form was sent by another site');
  await page.goto('/account/');
  t.is(await heading(page), 'Tokens');
});

test('a form that is too old leads back to its page, which says so', async (t) => {
  const { visit, fields } = await withOwner('stale@example.com');
  const { page, context } = await visit();
  await page.goto('/account/login');
  await context.clearCookies();
  await send(page, 'Log in', fields);
  t.is(await heading(page), 'Log in');
  t.regex(await notice(page), /send it again/);
  await send(page, 'Log in', fields);
  t.is(await heading(page), 'Tokens');
});

/** With what the owner of a confirmed account types in to log in. */
async function withOwner(email: string) {
  const { addOwner, ...shared } = await site;
  await addOwner(email, PASSWORD, true);
  return { ...shared, fields: { Email: email, Password: PASSWORD } };
}
