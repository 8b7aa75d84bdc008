import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** WCAG 2.2, levels A and AA, and axe's best practices. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * The violations that axe finds on the current page, and contrasts that it could not compute; one line for each element.
 *
 * The page's Content Security Policy blocks scripts, so axe is injected through the browser's debugger.
 *
 * @param rules `contrast`: only the rules that differ between light and dark mode, in a fourth of the time
 */
export async function violations(page: Page, rules: 'all' | 'contrast' = 'all'): Promise<string[]> {
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(axe.source);
  const runOnly = rules === 'all' ? RULES : { type: 'rule', values: ['color-contrast'] };
  const options = JSON.stringify({ runOnly, resultTypes: ['violations', 'incomplete'] });
  const { violations, incomplete } = (await page.evaluate(`axe.run(document, ${options})`)) as AxeResults;
  return [...violations, ...incomplete.filter(({ id }) => id === 'color-contrast')].flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html} ${any.map(({ message }) => message).join('; ')}`),
  );
}
