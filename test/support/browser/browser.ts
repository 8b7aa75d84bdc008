import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Scope } from '../../lab/scope.ts';
import { findChromium } from '../services/chromium.ts';

export const NARROW = { width: 360, height: 740 };
export const WIDE = { width: 1280, height: 800 };

/** A browser context with its own cookies. */
export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Problems of pages: console errors, violations of the Content Security Policy, requests to other origins. */
  readonly troubles: readonly string[];
}

/**
 * Disabled features of Chromium that no test needs. The last two render the suggestions of the address bar, in a process for
 * each visitor that takes more time than the pages. Playwright disables the others too, but this list replaces its own.
 */
const TURNED_OFF = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'MediaRouter',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
];

/** One browser for the tests of a file. It resolves no host names, so it reaches only this machine. */
export async function openBrowser(t: Scope): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: [
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      // One renderer process for all visitors: starting one for each costs more than the rendering.
      '--renderer-process-limit=1',
      `--disable-features=${TURNED_OFF.join()}`,
    ],
  });
  t.teardown(() => browser.close());
  return browser;
}

/** @param origin the only origin that pages may send requests to */
export async function visit(
  browser: Browser,
  origin: string,
  { scripts = true, viewport = WIDE }: { scripts?: boolean; viewport?: typeof WIDE } = {},
): Promise<Visitor> {
  const context = await browser.newContext({ baseURL: origin, javaScriptEnabled: scripts, viewport });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('console', (message) => {
    // The browser also logs this for pages with a status such as 422. Failed requests of a page are checked below.
    if (['error', 'warning'].includes(message.type()) && !message.text().startsWith('Failed to load resource')) {
      troubles.push(message.text());
    }
  });
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) troubles.push(`${request.method()} ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400 && response.request().resourceType() !== 'document') {
      troubles.push(`${response.status()} ${response.url()}`);
    }
  });
  return { context, page, troubles };
}

/** The number of pixels by which the page is wider than the window. */
export async function overflow(page: Page): Promise<number> {
  return Number(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'));
}
