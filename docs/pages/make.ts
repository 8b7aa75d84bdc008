import type { Page } from 'playwright-core';
import { UNRESTRICTED } from '../../gateway/domain/identity.ts';
import { sqlTokenStore } from '../../gateway/stores/tokens/store.ts';
import type { TestGateway } from '../../test/lab/gateways/gateway.ts';
import { NARROW, openBrowser, WIDE } from '../../test/support/browser/browser.ts';
import { GRACE, pagesSite, tourPages } from '../../test/support/browser/page-tour.ts';

/**
 * Makes the pictures in this folder: each account page on a desk, some on a phone or in the dark, and one with a brand.
 *
 * npm run pictures
 */
const ON_A_PHONE = new Set(['login', 'register-refused', 'tokens', 'token-created']);
const IN_THE_DARK = new Set(['login', 'tokens', 'password-refused']);
const LONGEST = 1_100;
const [MINUTE, DAY] = [60_000, 86_400_000];

const steps: (() => unknown)[] = [];
const scope = { teardown: (undo: () => unknown) => void steps.push(undo) };
try {
  const browser = openBrowser(scope);
  const site = await pagesSite(scope, browser);
  const { troubles } = await tourPages(site, async (name, page) => {
    if (name === 'tokens') {
      await addOlderTokens(site.gateway);
      await page.reload();
    }
    await picture(page, name);
    if (ON_A_PHONE.has(name)) await picture(page, `${name}-phone`, { viewport: NARROW });
    if (IN_THE_DARK.has(name)) await picture(page, `${name}-dark`, { colorScheme: 'dark' });
    await page.setViewportSize(WIDE);
  });
  for (const trouble of troubles) process.stderr.write(`${trouble}\n`);

  const logo = new URL('../../test/support/browser/logo.svg', import.meta.url).pathname;
  const branded = await pagesSite(scope, browser, { name: 'Orchard', colour: '#7a2e8a', logo });
  const { page } = await branded.visit();
  await page.goto('/account/login');
  await picture(page, 'brand');
} finally {
  for (const undo of steps.reverse()) await undo();
}

async function picture(
  page: Page,
  name: string,
  { viewport = WIDE, colorScheme = 'light' }: { viewport?: typeof WIDE; colorScheme?: 'light' | 'dark' } = {},
): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize(viewport);
  // As high as its content, so that no picture is mostly empty.
  const bottom = Number(await page.evaluate(`scrollY + document.querySelector('main').getBoundingClientRect().bottom`));
  await page.setViewportSize({ width: viewport.width, height: Math.min(LONGEST, Math.ceil(bottom)) });
  await page.evaluate('scrollTo(0, 0)');
  const path = new URL(`${name}.png`, import.meta.url).pathname;
  await page.screenshot({ path });
  process.stdout.write(`${path}\n`);
}

/** What Grace would have if she had been here for a while; what is older than her confirmation is void. */
async function addOlderTokens({ accounts, database }: TestGateway): Promise<void> {
  const account = await accounts.findByLogin(GRACE.email);
  if (account === null) throw new Error('Grace has no account');
  const now = Date.now();
  const older = [
    { jti: 'older-1', name: 'Build server', issuedAt: now, expiresAt: now + 18 * DAY },
    { jti: 'older-2', name: 'Monthly report', issuedAt: now, expiresAt: now + 27 * DAY },
  ];
  for (const token of older)
    await sqlTokenStore(database).record({ ...token, accountId: account.id, bond: null, ...UNRESTRICTED });
  const used = database.sql('gatehouse_tokens').where('jti', 'older-1');
  await database.query(used.update({ last_used_at: now - 4 * MINUTE }));
}
