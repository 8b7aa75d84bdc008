import test, { type ExecutionContext } from 'ava';
import { testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { violations } from '../../support/browser/accessibility.ts';
import { NARROW, openBrowser, overflow, visit } from '../../support/browser/browser.ts';
import { closable } from '../../support/gateways/closable.ts';

/** Where pictures go for a person to look at; empty: nowhere. */
const PICTURES = process.env.GATEHOUSE_TEST_PICTURES ?? '';

async function underLoad(t: ExecutionContext) {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    ops: { port: 0, console: true },
    routes: [
      { name: 'site', path: '/site', upstream: upstream.url, auth: 'none' },
      { name: 'broken', path: '/broken', upstream: 'http://127.0.0.1:1', auth: 'none' },
    ],
  });
  let isOver = false;
  const load = (async () => {
    for (let i = 0; !isOver; i++) {
      await (await fetch(`${gateway.url}/site`)).text();
      if (i % 10 === 0) await (await fetch(`${gateway.url}/broken/x`)).text();
      if (i % 10 === 5) await (await fetch(`${gateway.url}/api/v1/none`)).text();
    }
  })();
  t.teardown(async () => {
    isOver = true;
    await load;
  });
  return gateway;
}

test('the page shows a gateway under load, in light and dark, is accessible, and sends nothing elsewhere', async (t) => {
  const gateway = await underLoad(t);
  const browser = await openBrowser(t);
  const { page, troubles } = await visit(browser, gateway.opsUrl);
  await page.goto('/console');
  await page.getByRole('cell', { name: 'http://127.0.0.1:1', exact: true }).waitFor();
  await page.getByText('refused: absent').first().waitFor();
  await page.getByText('2xx').first().waitFor();
  t.is(await page.locator('canvas').count(), 3);
  const failures = page.getByRole('region', { name: 'Last failures' });
  await holds('failures with ids are listed', async () => (await failures.locator('tbody tr').count()) > 1);
  const id = (await failures.locator('tbody tr code').first().textContent()) ?? '';
  t.true(gateway.log.some((line) => line.id === id));
  await page.getByLabel('Path').fill('/site/a');
  const points = page
    .getByRole('region', { name: /The last 30 seconds: Requests/, includeHidden: true })
    .locator('tbody tr');
  const before = await points.count();
  await holds('two snapshots have come', async () => (await points.count()) >= before + 2);
  t.is(await page.getByLabel('Path').inputValue(), '/site/a', 'what is typed stays');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByText('/site/a', { exact: false }).last().waitFor();
  for (const summary of await page.locator('summary').all()) await summary.click();
  await page
    .getByRole('region', { name: /The last 30 seconds: Requests/ })
    .getByRole('rowheader')
    .nth(2)
    .waitFor();
  t.deepEqual(await violations(page), []);
  if (PICTURES !== '') await page.screenshot({ path: `${PICTURES}/light.png`, fullPage: true });
  await page.emulateMedia({ colorScheme: 'dark' });
  t.deepEqual(await violations(page, 'contrast'), []);
  for (const summary of await page.locator('summary').all()) await summary.click();
  if (PICTURES !== '') await page.screenshot({ path: `${PICTURES}/dark.png`, fullPage: true });
  await page.setViewportSize(NARROW);
  await holds('the page fits a narrow window', async () => (await overflow(page)) === 0);
  if (PICTURES !== '') await page.screenshot({ path: `${PICTURES}/narrow.png`, fullPage: true });
  t.deepEqual(troubles, []);
});

test('the page says that the connection is lost, and connects again', async (t) => {
  const upstream = await httpUpstream(t);
  const first = await closable(t, upstream, { ops: { port: 0, console: true } });
  t.teardown(() => first.close({ delay: 0, timeout: 0 }));
  const browser = await openBrowser(t);
  const { page } = await visit(browser, first.opsUrl);
  await page.goto('/console');
  await page.getByText('Denylist').waitFor();
  await first.close({ delay: 0, timeout: 0 });
  await page.getByText('Connection lost').waitFor();
  const second = await closable(t, upstream, { ops: { port: Number(new URL(first.opsUrl).port), console: true } });
  t.teardown(() => second.close({ delay: 0, timeout: 0 }));
  await page.getByText('Connection lost').waitFor({ state: 'detached' });
  t.pass();
});
