import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { chromium, type Page } from 'playwright-core';
import { testGateway } from '../lab/gateways/gateway.ts';
import { holds } from '../lab/waiting/condition.ts';
import { webSocketUpstream } from '../support/http/websocket.ts';
import { findChromium } from '../support/services/chromium.ts';

/** What became of a WebSocket in the page. */
interface Outcome {
  readonly protocol: string;
  readonly echo: string;
}

/** Opens a WebSocket as a script of the page does, and sends a text. @returns null if it did not open */
async function openIn(page: Page, url: string, protocols: string[]): Promise<Outcome | null> {
  return await page.evaluate(
    ([to, offered]) =>
      new Promise<Outcome | null>((resolve) => {
        const socket = new WebSocket(to, offered);
        Object.assign(globalThis, { socket, closedWith: null });
        socket.onerror = () => resolve(null);
        socket.onclose = ({ code }) => Object.assign(globalThis, { closedWith: code });
        socket.onopen = () => socket.send('hello');
        socket.onmessage = ({ data }) => resolve({ protocol: socket.protocol, echo: String(data) });
      }),
    [url, protocols] as const,
  );
}

test('a script in a browser opens a WebSocket with its token, from the origins of the route alone, until it is revoked', async (t) => {
  const site = createServer((_, res) => {
    res.setHeader('Content-Type', 'text/html').end('<title>page</title>');
  }).listen(0, '127.0.0.1');
  t.teardown(() => site.close());
  await holds('the site listens', () => site.listening);
  const { port } = site.address() as AddressInfo;
  const upstream = await webSocketUpstream(t);
  const gateway = await testGateway(t, {
    routes: [
      {
        ...{ name: 'ws', path: '/api/v1/ws', upstream: upstream.url, websocketToken: true },
        cors: { origins: [`http://app.example:${port}`] },
      },
    ],
  });
  const token = await gateway.token();
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: ['--host-resolver-rules=MAP *.example 127.0.0.1'],
  });
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  const url = `${gateway.url.replace('http', 'ws')}/api/v1/ws`;
  const protocols = ['chat', `gatehouse.bearer.${token}`];

  await page.goto(`http://evil.example:${port}/`);
  t.is(await openIn(page, url, protocols), null);
  t.deepEqual(upstream.seen, []);

  await page.goto(`http://app.example:${port}/`);
  t.is(await openIn(page, url, ['chat']), null);
  t.is(await openIn(page, url, protocols.slice(1)), null);
  t.deepEqual(await openIn(page, url, protocols), { protocol: 'chat', echo: 'hello' });
  t.deepEqual(upstream.seen[0]?.values('sec-websocket-protocol'), ['chat']);

  const revoked = await fetch(`${gateway.url}/api/v1/tokens/current`, {
    method: 'DELETE',
    headers: { Authorization: `Bearer ${token}` },
  });
  t.is(revoked.status, 204);
  const closedWith = await page.waitForFunction(() => Reflect.get(globalThis, 'closedWith'));
  t.is(await closedWith.jsonValue(), 1008);
  t.is(await openIn(page, url, protocols), null);
});
