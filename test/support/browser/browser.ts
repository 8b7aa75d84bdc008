import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Scope } from '../../lab/scope.ts';
import { findChromium } from '../services/chromium.ts';

export const NARROW = { width: 360, height: 740 };
export const WIDE = { width: 1280, height: 800 };

/** Somebody with a browser of their own: other cookies than everybody else. */
export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What a page must not cause: errors in the console, refusals of its own policy, requests to elsewhere. */
  readonly troubles: readonly string[];
}

/**
 * What a Chromium does that no test sees. Its last two draw the suggestions of an address bar, in a process for each visitor that
 * takes more time than the pages do. The others are of those that Playwright turns off, too: this list takes the place of its own.
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

/** One browser for the tests of a file. It resolves no name, and so reaches what listens on this machine alone. */
export async function openBrowser(t: Scope): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: [
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      // One process draws for all visitors: to start one for each costs more than the drawing.
      '--renderer-process-limit=1',
      `--disable-features=${TURNED_OFF.join()}`,
    ],
  });
  t.teardown(() => browser.close());
  return browser;
}

/** @param origin the only one that pages may ask */
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
    // The browser says this of every page with a status such as 422 as well; what a page loads is watched below.
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

/** By how many pixels the page is wider than the window. */
export async function overflow(page: Page): Promise<number> {
  return Number(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'));
}
