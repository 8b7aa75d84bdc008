import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { chromium } from 'playwright-core';
import { ADA, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { findChromium } from '../support/services/chromium.ts';

test('a browser that remembers the password of the API sends it with a form of another site, in vain', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'orders', path: '/api/v1/orders', upstream: upstream.url }],
  });
  const form = (path: string) => `<form method="post" action="${gateway.url}${path}"><button>Win</button></form>`;
  const pages: Record<string, string> = {
    '/order': form('/api/v1/orders'),
    '/token': form('/api/v1/tokens/'),
  };
  const site = createServer((req, res) => {
    res.setHeader('Content-Type', 'text/html').end(pages[req.url ?? ''] ?? '');
  }).listen(0, '127.0.0.1');
  t.teardown(() => site.close());
  await holds('the other site listens', () => site.listening);
  const evil = `http://evil.example:${(site.address() as AddressInfo).port}`;

  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: ['--host-resolver-rules=MAP evil.example 127.0.0.1'],
  });
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  // What has been typed in once goes with whatever is sent there from then on.
  const { username, password } = {
    username: encodeURIComponent(ADA.email),
    password: encodeURIComponent(ADA.password),
  };
  const opened = await page.goto(`${gateway.url.replace('//', `//${username}:${password}@`)}/api/v1/orders`);
  t.is(opened?.status(), 200);
  t.is((await page.goto(`${gateway.url}/api/v1/orders`))?.status(), 200);
  const { length } = upstream.seen;

  for (const path of ['/order', '/token']) {
    await page.goto(evil + path);
    const [answer] = await Promise.all([
      page.waitForResponse((one) => one.request().method() === 'POST'),
      page.click('button'),
    ]);
    t.is(answer.status(), 403, path);
    t.true('authorization' in (await answer.request().allHeaders()), 'the browser has added it');
  }
  t.is(upstream.seen.length, length);
});
