import test, { type ExecutionContext } from 'ava';
import { ADA, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, type TestUpstream } from '../lab/upstreams/upstream.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';
import { authorization, bodyOf, message } from './message.ts';

async function place(t: ExecutionContext): Promise<{ gateway: TestGateway; api: TestUpstream; open: TestUpstream }> {
  const [api, open] = [await httpUpstream(t), await httpUpstream(t)];
  const gateway = await testGateway(t, {
    routes: [
      { name: 'api', path: '/api/v1', upstream: api.url },
      { name: 'open', path: '/', upstream: open.url, auth: 'none' },
    ],
  });
  return { gateway, api, open };
}

test('CONNECT is refused in the form of every other error, with and without credentials', async (t) => {
  const { gateway, api, open } = await place(t);
  for (const line of ['CONNECT a:80 HTTP/1.1', 'CONNECT /api/v1 HTTP/1.1', 'CONNECT evil:443 HTTP/1.1']) {
    for (const credentials of [[], [authorization(ADA)]]) {
      const answer = await rawExchange(gateway.port, message([line, 'Host: a', ...credentials, 'Connection: close']));
      t.is(statusOf(answer), 405, line);
      t.is(JSON.parse(bodyOf(answer)).error, 'method_not_allowed');
    }
  }
  t.deepEqual([...api.seen, ...open.seen], []);
});

test('without a Host line, with two, or with one that is no host, a request is refused', async (t) => {
  const { gateway, api } = await place(t);
  for (const hosts of [
    [],
    ['Host: a', 'Host: a'],
    ['Host: a', 'hOST: b'],
    ...['a/b', 'user@a', 'a b', 'a\tb', 'a:b', 'a:80:80', '[::1', 'a#b', 'a?b', 'a\\b', '"a"', 'http://a', 'a\xe4'].map(
      (host) => [`Host: ${host}`],
    ),
  ]) {
    const lines = ['GET /api/v1/x HTTP/1.1', ...hosts, authorization(ADA), 'Connection: close'];
    t.is(statusOf(await rawExchange(gateway.port, message(lines))), 400, JSON.stringify(hosts));
  }
  t.deepEqual(api.seen, []);
});

test('hosts of every form that RFC 3986 knows pass, and the upstream is contacted under its own name', async (t) => {
  const { gateway, api } = await place(t);
  for (const host of ['a', 'a:8080', 'a:', '[::1]:80', '127.0.0.1', 'EXAMPLE.com.', '', 'a%20b', "x!$&'()*+,;=~_-"]) {
    const lines = ['GET /api/v1/x HTTP/1.1', `Host: ${host}`, authorization(ADA), 'Connection: close'];
    t.is(statusOf(await rawExchange(gateway.port, message(lines))), 200, host);
    t.deepEqual(api.seen.at(-1)?.values('host'), [`127.0.0.1:${api.port}`]);
    t.deepEqual(api.seen.at(-1)?.values('x-forwarded-host'), [host]);
  }
});

test('HTTP/1.0 needs no Host, is answered, and the connection closes', async (t) => {
  const { gateway, api } = await place(t);
  const answer = await rawExchange(gateway.port, message(['GET /api/v1/x HTTP/1.0', authorization(ADA)]));
  t.is(statusOf(answer), 200);
  t.deepEqual(api.seen[0]?.values('host'), [`127.0.0.1:${api.port}`]);
  t.deepEqual(api.seen[0]?.values('x-forwarded-host'), []);
  t.is(statusOf(await rawExchange(gateway.port, message(['GET http://a/api/v1/x HTTP/1.0', authorization(ADA)]))), 400);
});

async function hostPlace(t: ExecutionContext, settings: Record<string, unknown> = {}) {
  const upstreams = { shop: await httpUpstream(t), below: await httpUpstream(t), any: await httpUpstream(t) };
  const gateway = await testGateway(t, {
    routes: [
      { name: 'shop', host: 'shop.example.com', path: '/api/v1', upstream: upstreams.shop.url },
      { name: 'below', host: '*.shop.example.com', path: '/api/v1', upstream: upstreams.below.url },
      { name: 'any', path: '/api/v1/any', upstream: upstreams.any.url },
    ],
    ...settings,
  });
  const seenBy = () =>
    Object.entries(upstreams)
      .filter(([, { seen }]) => seen.splice(0).length > 0)
      .map(([name]) => name)
      .join();
  /** @returns the status, and the upstream that was asked */
  const ask = async (lines: readonly string[], ...more: string[]) => {
    const answer = await rawExchange(gateway.port, message([...lines, ...more, 'Connection: close']));
    return `${statusOf(answer)} ${seenBy()}`.trim();
  };
  return { gateway, ask };
}

for (const fastPath of [true, false]) {
  test(`the host decides on the route however it is spelled, ${fastPath ? 'on' : 'past'} the fast path`, async (t) => {
    const { ask } = await hostPlace(t, { listen: { fastPath } });
    const line = 'GET /api/v1/any HTTP/1.1';
    for (const [host, expected] of [
      ['shop.example.com', '200 shop'],
      ['SHOP.example.COM.:8080', '200 shop'],
      ['a.b.Shop.example.com:1', '200 below'],
      ['.shop.example.com', '200 any'],
      ['shop.example.com.evil.net', '200 any'],
      ['', '200 any'],
      ['a, shop.example.com', '400'],
      ['shop.example.com/x', '400'],
    ] as const) {
      t.is(await ask([line, `Host: ${host}`, authorization(ADA)]), expected, host);
    }
    t.is(await ask([line, 'Host: shop.example.com', 'Host: a', authorization(ADA)]), '400');
  });
}

test('a host without a route is told nothing before it has authenticated, and then 404', async (t) => {
  const { ask } = await hostPlace(t);
  for (const host of ['shop.example.com', 'unknown.example.com']) {
    t.is(await ask(['GET /api/v1/x HTTP/1.1', `Host: ${host}`]), '401', host);
  }
  t.is(await ask(['GET /api/v1/x HTTP/1.1', 'Host: unknown', authorization(ADA)]), '404');
  t.is(await ask(['GET /x HTTP/1.1', 'Host: shop.example.com']), '404');
});

test('the absolute form and HTTP/1.0 decide on the route by the same host', async (t) => {
  const { ask } = await hostPlace(t);
  const absolute = 'GET http://Shop.example.com/api/v1/any HTTP/1.1';
  t.is(await ask([absolute, 'Host: shop.example.com', authorization(ADA)]), '200 shop');
  t.is(await ask([absolute, 'Host: unknown', authorization(ADA)]), '400');
  t.is(await ask(['GET /api/v1/any HTTP/1.0', authorization(ADA)]), '200 any');
  t.is(await ask(['GET /api/v1/any HTTP/1.0', 'Host: shop.example.com', authorization(ADA)]), '200 shop');
});

test('the host that a proxy reports decides on no route, not even that of a trusted one', async (t) => {
  const { ask } = await hostPlace(t, { trustedProxies: ['127.0.0.1'] });
  const lines = ['GET /api/v1/any HTTP/1.1', 'Host: internal', authorization(ADA)];
  const claims = ['X-Forwarded-Host: shop.example.com', 'Forwarded: host=shop.example.com', 'X-Host: shop.example.com'];
  t.is(await ask(lines, ...claims), '200 any');
});

test('tokens are issued on every host', async (t) => {
  const { ask } = await hostPlace(t);
  for (const host of ['shop.example.com', 'a.shop.example.com', 'unknown']) {
    t.is(await ask(['POST /api/v1/tokens/ HTTP/1.1', `Host: ${host}`, authorization(ADA)]), '200', host);
  }
});
