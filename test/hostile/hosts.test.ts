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
