import test from 'ava';
import type { Page } from 'playwright-core';
import { basic } from '../../../lab/gateways/gateway.ts';
import { fileScope } from '../../../lab/scope.ts';
import { holds } from '../../../lab/waiting/condition.ts';
import { openBrowser } from '../../../support/browser/browser.ts';
import { GRACE, pagesSite } from '../../../support/browser/page-tour.ts';

const scope = fileScope();
const browser = openBrowser(scope);
const site = pagesSite(scope, browser);
const { email, password } = GRACE;

/** What has the focus, as a screen reader calls it, and whether an outline shows that it has. */
const FOCUSED = `(() => {
  const one = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  const name = one.labels?.[0]?.textContent ?? one.getAttribute('aria-label') ?? one.textContent;
  return { name: name.trim(), isShown: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 };
})()`;

const HAS_FOCUS = 'document.activeElement !== document.body';

interface Focused {
  readonly name: string;
  readonly isShown: boolean;
}

/** Presses Tab until what has this name has the focus, as somebody would who sees where it is. */
async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  while (passed.length < 30) {
    await page.keyboard.press('Tab');
    const focused = (await page.evaluate(FOCUSED)) as Focused;
    if (!focused.isShown) throw new Error(`nothing shows that the focus is on "${focused.name}"`);
    if (focused.name === name) return;
    passed.push(focused.name);
  }
  throw new Error(`Tab does not come to "${name}", but to: ${passed.join(', ')}`);
}

/** Waits for `autofocus`, which takes effect when a page is first drawn: that may be after its load. @returns the name */
async function focusedByItself(page: Page): Promise<string> {
  await holds('something has the focus', async () => (await page.evaluate(HAS_FOCUS)) === true);
  return ((await page.evaluate(FOCUSED)) as Focused).name;
}

async function fillIn(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, text] of Object.entries(fields)) {
    await tabTo(page, label);
    await page.keyboard.type(text);
  }
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
}

async function press(page: Page, name: string): Promise<void> {
  await tabTo(page, name);
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
}

test('all of it can be done by keyboard alone, with the focus to be seen at each step', async (t) => {
  const { gateway, visit, mailedLink } = await site;
  const { page } = await visit();
  const heading = () => page.locator('h1').innerText();

  await page.goto('/account');
  await press(page, 'I have no account yet');
  await fillIn(page, { Email: email, Password: password });
  await page.goto(await mailedLink(email, 'Confirm'));
  await press(page, 'Confirm');
  await fillIn(page, { Email: email, Password: password });
  t.is(await heading(), 'Tokens');

  await tabTo(page, 'Name');
  await page.keyboard.type('laptop');
  await tabTo(page, 'Expires after');
  await page.keyboard.press('ArrowDown');
  await press(page, 'Create a token');
  const token = await page.getByLabel('Token', { exact: true }).inputValue();
  await tabTo(page, 'Token');
  t.is(await page.evaluate('String(getSelection())'), token);
  await press(page, 'Done');
  t.regex(await page.getByRole('row', { name: 'laptop' }).innerText(), /not yet/);
  await press(page, 'Revoke laptop');
  t.is(await heading(), 'Revoke “laptop”?');
  await press(page, 'Revoke the token');
  const Authorization = basic({ email: token, password: '' });
  t.is((await fetch(`${gateway.url}/api/v1/example/x`, { headers: { Authorization } })).status, 401);

  await press(page, 'Password');
  t.is(await heading(), 'Change your password');
  await press(page, 'Log out');
  t.is(await heading(), 'Log in');
});

test('the first Tab leads to a link past the top, which takes the focus to the content', async (t) => {
  const { page } = await (await site).visit();
  await page.goto('/account/login');
  await page.keyboard.press('Tab');
  const link = page.getByRole('link', { name: 'Skip to content' });
  const box = await link.boundingBox();
  t.true(box !== null && box.x >= 0 && box.y >= 0);
  await page.keyboard.press('Enter');
  t.is(await page.evaluate('document.activeElement.id'), 'content');
  await page.keyboard.press('Tab');
  t.is(((await page.evaluate(FOCUSED)) as Focused).name, 'Email');
});

test('after a refusal the focus is in the first field to mend', async (t) => {
  const { page } = await (await site).visit();
  await page.goto('/account/register');
  await fillIn(page, { Email: 'ada@example.com', Password: 'short' });
  t.is(await focusedByItself(page), 'Password');
  await page.goto('/account/register');
  await fillIn(page, { Email: 'ada', Password: 'short' });
  t.is(await focusedByItself(page), 'Email');
});
