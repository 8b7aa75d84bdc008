import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** WCAG 2.2, levels A and AA, and what axe holds to be good practice beyond it. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * What axe finds wrong with the page as it is shown now, and contrasts that it could not compute; one line for each element.
 *
 * The policy of the page lets no script of ours in: this one comes by way of the browser's debugger, which asks no policy.
 *
 * @param rules `contrast` for what differs between light and dark alone, which takes a fourth of the time
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
