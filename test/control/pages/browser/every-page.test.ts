import { readFileSync } from 'node:fs';
import test from 'ava';
import { fileScope } from '../../../lab/scope.ts';
import { violations } from '../../../support/browser/accessibility.ts';
import { NARROW, openBrowser, overflow, WIDE } from '../../../support/browser/browser.ts';
import { pagesSite, send, tourPages } from '../../../support/browser/page-tour.ts';

/** How far the smallest thing to press is from WCAG 2.2's 24 pixels (2.5.8); links in a text are exempt. */
const SMALL_TARGETS = `[...document.querySelectorAll('button, .button, nav a, input:not([type=hidden]), select')]
  .filter((one) => !one.hidden && (one.getBoundingClientRect().height < 24 || one.getBoundingClientRect().width < 20))
  .map((one) => one.outerHTML)`;

const scope = fileScope();
const browser = openBrowser(scope);

test('every page fits a phone and a desk, in light and dark, and is accessible as axe sees it', async (t) => {
  const site = await pagesSite(scope, browser);
  const seen: string[] = [];
  const found: string[] = [];
  const visitor = await tourPages(site, async (name, page) => {
    seen.push(name);
    for (const viewport of [NARROW, WIDE]) {
      await page.setViewportSize(viewport);
      const tooWide = await overflow(page);
      if (tooWide > 0) found.push(`${name} at ${viewport.width}: ${tooWide} pixels too wide`);
      for (const target of (await page.evaluate(SMALL_TARGETS)) as string[]) found.push(`${name}: small: ${target}`);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const wrong = await violations(page, (viewport === WIDE) === (colorScheme === 'light') ? 'all' : 'contrast');
        found.push(...wrong.map((line) => `${name} at ${viewport.width}, ${colorScheme}: ${line}`));
      }
    }
  });
  t.deepEqual(found, []);
  t.deepEqual(visitor.troubles, []);
  t.true(seen.length > 20, seen.join(', '));
});

test('the checks of this file see what is wrong', async (t) => {
  const site = await pagesSite(scope, browser);
  const { page, troubles } = await site.visit({ viewport: NARROW });
  await page.goto('/account/login');
  t.is(await overflow(page), 0);
  await page.evaluate(`document.querySelector('main').insertAdjacentHTML('beforeend',
    '<p id="wide">pale</p><img src="data:,"><button id="tiny"></button>');
    document.querySelector('#wide').style.width = '600px';
    document.querySelector('#wide').style.color = '#ccc';
    document.querySelector('#tiny').style.cssText = 'min-height: 0; height: 9px; padding: 0'`);
  t.true((await overflow(page)) > 0);
  t.is(((await page.evaluate(SMALL_TARGETS)) as string[]).length, 1);
  const wrong = (await violations(page)).join('\n');
  for (const rule of ['image-alt', 'color-contrast', 'button-name']) t.true(wrong.includes(rule), wrong);
  t.regex(troubles.join('\n'), /Content Security Policy/);
});

test('a brand shows on every page, in a colour that stays readable', async (t) => {
  const logo = new URL('../../../support/browser/logo.svg', import.meta.url).pathname;
  for (const colour of ['#000000', '#7a2e8a']) {
    const site = await pagesSite(scope, browser, { name: 'Örders & <b>Co</b>', colour, logo });
    const { page, troubles } = await site.visit();
    await page.goto('/account/login');
    t.is(await page.title(), 'Log in · Örders & <b>Co</b>');
    t.is(await page.locator('.brand').innerText(), 'Örders & <b>Co</b>');
    t.is(await page.evaluate(`document.querySelector('.brand img').naturalWidth`), 28);
    const served = await page.request.get((await page.locator('.brand img').getAttribute('src')) ?? '');
    t.deepEqual(await served.body(), readFileSync(logo));
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      t.deepEqual(await violations(page), [], `${colour}, ${colorScheme}`);
    }
    t.deepEqual(troubles, []);
  }
});

test('long names and addresses widen no page', async (t) => {
  const site = await pagesSite(scope, browser, { name: 'W'.repeat(60) });
  const email = `${'w'.repeat(60)}@${'w'.repeat(60)}.example`;
  await site.addOwner(email, 'nine small otters', true);
  const { page } = await site.visit({ viewport: NARROW });
  const fits = async (what: string) => {
    for (const viewport of [NARROW, WIDE]) {
      await page.setViewportSize(viewport);
      t.is(await overflow(page), 0, `${what} at ${viewport.width}`);
    }
  };
  await page.goto('/account/login');
  await fits('login');
  await send(page, 'Log in', { Email: email, Password: 'nine small otters' });
  await send(page, 'Create a token', { Name: 'W'.repeat(100) });
  await fits('new token');
  await page.getByRole('link', { name: 'Done' }).click();
  await fits('tokens');
  t.true(await page.getByRole('button', { name: 'Log out' }).isVisible());
  await page.goto('/account/email');
  await fits('email');
});
