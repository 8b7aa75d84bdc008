import test, { type ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { requestText, valuesOf } from '../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';
import { SERVER } from '../support/stores/certificates.ts';
import { entry } from '../support/tls/tls-visit.ts';

const UPSTREAM = 'http://127.0.0.1:1';

function place(t: ExecutionContext, more: Record<string, unknown> = {}, redirect: object = {}): Promise<TestGateway> {
  return testGateway(t, {
    routes: [{ name: 's', path: '/s', upstream: UPSTREAM, auth: 'none' }],
    ...more,
    listen: { tls: entry(SERVER), hsts: '1d', redirect: { port: 0, httpsPort: 443, ...redirect } },
  });
}

/** The answer of the listener for http to these lines, `Connection: close` added. */
function ask(gateway: TestGateway, lines: readonly string[], body = ''): Promise<string> {
  const text = [...lines, 'Connection: close', '', body].join('\r\n');
  return rawExchange(Number(new URL(gateway.redirectUrl).port), text);
}

test('every method and path is sent to the same host and target by https, with 308 and without HSTS', async (t) => {
  const gateway = await place(t);
  for (const [method, host, target, location] of [
    ['GET', 'api.test', '/', 'https://api.test/'],
    ['HEAD', 'api.test', '/a?b=c&d=%20', 'https://api.test/a?b=c&d=%20'],
    ['DELETE', 'API.test:80', '/a', 'https://api.test/a'],
    ['GET', 'api.test:8080', '/.well-known/acme-challenge/x', 'https://api.test/.well-known/acme-challenge/x'],
    ['GET', '192.0.2.1', '/api/v1/s', 'https://192.0.2.1/api/v1/s'],
    ['GET', '[2001:DB8::1]:80', '/a', 'https://[2001:db8::1]/a'],
    ['GET', 'api.test', 'http://api.test/absolute', 'https://api.test/absolute'],
    ['OPTIONS', 'api.test', '/s', 'https://api.test/s'],
  ] as const) {
    const answer = await ask(gateway, [`${method} ${target} HTTP/1.1`, `Host: ${host}`]);
    t.is(statusOf(answer), 308, `${method} ${target}`);
    t.deepEqual(valuesOf(answer, 'location'), [location]);
    t.deepEqual(valuesOf(answer, 'strict-transport-security'), []);
    t.is(valuesOf(answer, 'x-request-id').length, 1);
  }
  const line = await gateway.logged(({ path }) => path === '/absolute' || path === 'http://api.test/absolute');
  t.is(line.status, 308);
});

test('the body of an upload is not waited for', async (t) => {
  const gateway = await place(t);
  const answer = await ask(gateway, ['POST /a HTTP/1.1', 'Host: api.test', 'Content-Length: 1000000'], 'some');
  t.is(statusOf(answer), 308);
  const waiting = await ask(gateway, [
    'POST /a HTTP/1.1',
    'Host: api.test',
    'Content-Length: 5',
    'Expect: 100-continue',
  ]);
  t.is(statusOf(waiting), 308);
});

test('a host or target that is not well-formed is a 400, and is sent nowhere', async (t) => {
  const gateway = await place(t);
  for (const lines of [
    ['GET / HTTP/1.1'],
    ['GET / HTTP/1.1', 'Host: '],
    ['GET / HTTP/1.1', 'Host: a.test', 'Host: evil.test'],
    ['GET / HTTP/1.1', 'Host: a.test@evil.test'],
    ['GET / HTTP/1.1', 'Host: a.test/evil'],
    ['GET / HTTP/1.1', 'Host: a.test;evil'],
    ['GET / HTTP/1.1', 'Host: a%2etest'],
    ['GET / HTTP/1.1', 'Host: evil.test\\@a.test'],
    ['GET //evil.test/ HTTP/1.1', 'Host: a.test'],
    ['GET /\\evil.test HTTP/1.1', 'Host: a.test'],
    ['GET /a/../b HTTP/1.1', 'Host: a.test'],
    ['GET http://evil.test/ HTTP/1.1', 'Host: a.test'],
    ['GET /caf\u00e9 HTTP/1.1', 'Host: a.test'],
    ['OPTIONS * HTTP/1.1', 'Host: a.test'],
    ['GET / HTTP/1.1', 'Host: a.test', 'Transfer-Encoding: chunked', 'Content-Length: 3'],
  ]) {
    const answer = await ask(gateway, lines);
    t.is(statusOf(answer), 400, lines.join());
    t.deepEqual(valuesOf(answer, 'location'), []);
  }
  t.is(statusOf(await ask(gateway, ['CONNECT a.test:443 HTTP/1.1', 'Host: a.test:443'])), 405);
});

test('where every route has a host, other hosts are a 404, but for that of the pages', async (t) => {
  const gateway = await place(t, {
    pages: { url: 'https://login.test' },
    routes: [
      { name: 'shop', path: '/s', host: ['shop.test', '*.shop.test'], upstream: UPSTREAM, auth: 'none' },
      { name: 'api', path: '/api/v1/s', host: 'api.test', upstream: UPSTREAM },
    ],
  });
  const status = async (host: string) => statusOf(await ask(gateway, ['GET /x HTTP/1.1', `Host: ${host}`]));
  for (const host of ['shop.test', 'a.shop.test', 'api.test:80', 'API.TEST', 'login.test'])
    t.is(await status(host), 308, host);
  for (const host of ['evil.test', 'shop.test.evil.test', 'localhost', '127.0.0.1'])
    t.is(await status(host), 404, host);
  await gateway.reload({ routes: [{ name: 'any', path: '/s', upstream: UPSTREAM, auth: 'none' }] });
  t.is(await status('evil.test'), 308);
});

test('without `httpsPort`, the port is that of the listener', async (t) => {
  const gateway = await testGateway(t, {
    routes: [{ name: 's', path: '/s', upstream: UPSTREAM, auth: 'none' }],
    listen: { tls: entry(SERVER), redirect: 0 },
  });
  const answer = await ask(gateway, [`GET /a HTTP/1.1`, 'Host: api.test']);
  t.deepEqual(valuesOf(answer, 'location'), [`https://api.test:${gateway.port}/a`]);
});

test('a connection is kept for the next request', async (t) => {
  const gateway = await place(t);
  const port = Number(new URL(gateway.redirectUrl).port);
  const both = requestText('GET /1') + requestText('GET /2', ['Connection: close']);
  const answer = await rawExchange(port, both);
  t.is(answer.match(/^HTTP\/1\.1 308 /gm)?.length, 2);
});
