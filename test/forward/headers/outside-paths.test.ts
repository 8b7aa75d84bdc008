import test, { type ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream, type TestUpstream } from '../../lab/upstreams/upstream.ts';
import {
  listenOver,
  overAll,
  requestText,
  routeOver,
  type Transport,
  valuesOf,
} from '../../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../../support/http/raw.ts';
import { HANDSHAKE } from '../../support/http/websocket.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

interface Mounted {
  readonly upstream: TestUpstream;
  readonly gateway: TestGateway;
}

const CLOSE = ['Connection: close'];

/** A gateway with the route `/api` to an upstream that answers with the status and the field that the request names. */
async function mounted(
  t: ExecutionContext,
  over: Transport,
  { basePath = '', ...route }: Record<string, unknown>,
  settings: Record<string, unknown> = {},
): Promise<Mounted> {
  const upstream = await httpUpstream(t, (req, res) => {
    const { status, field } = JSON.parse(String(req.headers['x-answer'])) as { status: number; field: string[] };
    res.writeHead(status, field).end();
  });
  const routes = [
    { name: 's', path: '/api', upstream: `${upstream.url}${basePath}`, auth: 'none', ...routeOver(over), ...route },
  ];
  const own = { listen: listenOver(over), api: { prefix: '/private' } };
  return { upstream, gateway: await testGateway(t, { ...own, routes, ...settings }) };
}

/** The value of a field after the gateway; `U` stands for the upstream's host, in both. */
async function passed(
  { gateway, upstream }: Mounted,
  name: string,
  value: string,
  { path = '/api/orders/7', status = 302, fields = CLOSE as readonly string[] } = {},
): Promise<string | undefined> {
  const host = `127.0.0.1:${upstream.port}`;
  const toAnswer = JSON.stringify({ status, field: [name, value.replaceAll('U', host)] });
  const answer = await rawExchange(gateway.port, requestText(`GET ${path}`, [`X-Answer: ${toAnswer}`, ...fields]));
  return valuesOf(answer, name)[0]?.replaceAll(host, 'U');
}

/** With the prefix `/api`, and to a server without a base path; the client asks for `/api/orders/7`. */
const STRIPPED = [
  ['/orders/', '/api/orders/'],
  ['/', '/api/'],
  ['/login?next=/orders/#top', '/api/login?next=/orders/#top'],
  ['http://U/orders/', '/api/orders/'],
  ['HTTP://U', '/api/'],
  ['http://U?q', '/api/?q'],
  ['//U/orders/', '/api/orders/'],
  ['/api/orders/', '/api/orders/'],
  ['/api', '/api'],
  ['/apiary', '/api/apiary'],
  ['http://U/api/orders/', '/api/orders/'],
  ['8', '8'],
  ['./8?q', './8?q'],
  ['../customers', '../customers'],
  ['../../../customers', '/api/customers'],
  ['?page=2', '?page=2'],
  ['#top', '#top'],
  ['', ''],
  ['/../private/x', '/api/private/x'],
  ['/a/%2E%2e/%2e./private', '/api/private'],
  ['/caf\xe9', '/api/caf\xe9'],
  ['/x/../caf\xe9', '/api/caf%E9'],
  ['http://elsewhere.test/orders/', 'http://elsewhere.test/orders/'],
  ['//elsewhere.test/orders/', '//elsewhere.test/orders/'],
  ['/\\elsewhere.test/orders/', '/\\elsewhere.test/orders/'],
  ['https://U/orders/', 'https://U/orders/'],
  ['http://user@U/orders/', 'http://user@U/orders/'],
  ['http://gateway.test/website', 'http://gateway.test/website'],
  ['mailto:ada@example.com', 'mailto:ada@example.com'],
] as const;

overAll('with stripPrefix, redirects lead to the path that clients know', async (t, over) => {
  const at = await mounted(t, over, { stripPrefix: '/api' });
  for (const [sent, expected] of STRIPPED) t.is(await passed(at, 'Location', sent), expected, sent);
});

overAll('what the client asked without a slash at the end stays on its route', async (t, over) => {
  const at = await mounted(t, over, { stripPrefix: '/api' });
  t.is(await passed(at, 'Location', 'login', { path: '/api' }), '/api/login');
  t.is(await passed(at, 'Location', 'login', { path: '/api/' }), 'login');
});

overAll("a server's base path is taken off, with a prefix or without", async (t, over) => {
  const [bare, stripped, longer] = await Promise.all([
    mounted(t, over, { basePath: '/base' }),
    mounted(t, over, { basePath: '/base', stripPrefix: '/api' }),
    mounted(t, over, { basePath: '/api/v2', stripPrefix: '/api' }),
  ]);
  for (const [at, sent, expected] of [
    [bare, '/base/api/x', '/api/x'],
    [bare, 'http://U/base/api/x', '/api/x'],
    [bare, '/base', '/'],
    [bare, '/other', '/other'],
    [bare, 'http://U/other', 'http://U/other'],
    [bare, '/base//elsewhere.test', '/base//elsewhere.test'],
    [stripped, '/base/orders/', '/api/orders/'],
    [stripped, '/base', '/api'],
    [stripped, '/other', '/other'],
    [stripped, '/base/../other', '/base/../other'],
    [longer, '/api/v2/orders/', '/api/orders/'],
    [longer, '/api/orders/', '/api/orders/'],
  ] as const) {
    t.is(await passed(at, 'Location', sent), expected, sent);
  }
});

overAll('each field that refers to a place is mapped, whatever the status', async (t, over) => {
  const at = await mounted(t, over, { stripPrefix: '/api' });
  for (const [name, sent, expected] of [
    ['Location', '/jobs/1', '/api/jobs/1'],
    ['content-location', '/orders/7.json', '/api/orders/7.json'],
    ['Refresh', '5; url=/orders/', '5; url=/api/orders/'],
    ['Refresh', `0;url='/orders/'`, `0;url='/api/orders/'`],
    ['Refresh', '5', '5'],
    ['Link', '</orders?page=2>; rel="next", <http://U/x>; rel=x', '</api/orders?page=2>; rel="next", </api/x>; rel=x'],
    ['Link', '</a>; title="</b>, \\"</c>", <https://x.test/d>', '</api/a>; title="</b>, \\"</c>", <https://x.test/d>'],
    ['X-Other', '/orders/', '/orders/'],
  ] as const) {
    t.is(await passed(at, name, sent, { status: 200 }), expected, sent);
  }
});

overAll('with the Host of the client, what names that host is mapped too', async (t, over) => {
  const at = await mounted(t, over, { stripPrefix: '/api', preserveHost: true });
  for (const [sent, expected] of [
    ['http://gateway.test/orders/', 'http://gateway.test/api/orders/'],
    ['https://Gateway.test/orders/', 'https://Gateway.test/api/orders/'],
    ['//gateway.test/orders/', '//gateway.test/api/orders/'],
    ['http://U/orders/', '/api/orders/'],
    ['http://gateway.test:81/orders/', 'http://gateway.test:81/orders/'],
  ] as const) {
    t.is(await passed(at, 'Location', sent), expected, sent);
  }
});

test('with autoRewrite too, host and path are those that clients know', async (t) => {
  const at = await mounted(t, 'http-proxy-middleware', {
    stripPrefix: '/api',
    proxy: { autoRewrite: true, protocolRewrite: 'https' },
  });
  for (const [sent, expected] of [
    ['http://U/orders/', 'https://gateway.test/api/orders/'],
    ['//U/orders/', 'https://gateway.test/api/orders/'],
    ['/orders/', '/api/orders/'],
  ] as const) {
    t.is(await passed(at, 'Location', sent), expected, sent);
  }
});

overAll('the Path of cookies is mapped, but for one that covers the whole site', async (t, over) => {
  const at = await mounted(t, over, { stripPrefix: '/api' });
  for (const [sent, expected] of [
    ['a=1; Path=/orders; HttpOnly', 'a=1; Path=/api/orders; HttpOnly'],
    ['a=1;PATH = /orders/', 'a=1;PATH=/api/orders/'],
    ['a=1; Path=/', 'a=1; Path=/'],
    ['__Host-a=1; Secure; Path=/', '__Host-a=1; Secure; Path=/'],
    ['a=1; Path=/api/orders', 'a=1; Path=/api/orders'],
    ['a=1; Path=orders', 'a=1; Path=orders'],
    ['a=/orders; X=/orders', 'a=/orders; X=/orders'],
  ] as const) {
    t.is(await passed(at, 'Set-Cookie', sent), expected, sent);
  }
});

test('what cookiePathRewrite says of a path goes before the mapping', async (t) => {
  const at = await mounted(t, 'http-proxy-middleware', {
    stripPrefix: '/api',
    proxy: { cookiePathRewrite: { '/': '/api', '/all': '/' } },
  });
  for (const [sent, expected] of [
    ['a=1; Path=/', 'a=1; Path=/api'],
    ['a=1; Path=/all', 'a=1; Path=/'],
    ['a=1; Path=/orders', 'a=1; Path=/api/orders'],
  ] as const) {
    t.is(await passed(at, 'Set-Cookie', sent), expected, sent);
  }
});

overAll('a refused WebSocket handshake leads to the path that clients know', async (t, over) => {
  const at = await mounted(t, over, { stripPrefix: '/api' });
  t.is(await passed(at, 'Location', '/login', { fields: HANDSHAKE }), '/api/login');
});

overAll('without stripPrefix and base path, everything passes as it is', async (t, over) => {
  const at = await mounted(t, over, {});
  for (const [sent] of STRIPPED) t.is(await passed(at, 'Location', sent), sent);
  t.is(await passed(at, 'Set-Cookie', 'a=1; Path=/orders'), 'a=1; Path=/orders');
});

overAll('X-Forwarded-Prefix is what has been taken off, by trusted proxies and the route', async (t, over) => {
  const forged = ['X-Forwarded-Prefix: /outer', 'X_Forwarded_Prefix: /x', ...CLOSE];
  for (const [trustedProxies, sent, expected] of [
    [[], CLOSE, ['/api']],
    [[], forged, ['/api']],
    [['127.0.0.1'], CLOSE, ['/api']],
    [['127.0.0.1'], forged, ['/outer/api']],
    [['127.0.0.1'], ['X-Forwarded-Prefix: //evil.test', ...CLOSE], ['/api']],
    [['127.0.0.1'], ['X-Forwarded-Prefix: /', ...CLOSE], ['/api']],
  ] as const) {
    const upstream = await httpUpstream(t);
    const routes = [
      { name: 's', path: '/api', stripPrefix: '/api', upstream: upstream.url, auth: 'none', ...routeOver(over) },
    ];
    const gateway = await testGateway(t, {
      listen: listenOver(over),
      api: { prefix: '/private' },
      routes,
      trustedProxies,
    });
    t.is(statusOf(await rawExchange(gateway.port, requestText('GET /api/x', sent))), 200);
    t.deepEqual(upstream.seen[0]?.values('x-forwarded-prefix'), expected);
    t.deepEqual(upstream.seen[0]?.values('x_forwarded_prefix'), []);
  }
});

overAll('an upstream that knows of an outer prefix is taken at its word', async (t, over) => {
  const at = await mounted(t, over, { stripPrefix: '/api' }, { trustedProxies: ['127.0.0.1'] });
  const fields = ['X-Forwarded-Prefix: /outer', ...CLOSE];
  t.is(await passed(at, 'Location', '/outer/api/orders/', { fields }), '/outer/api/orders/');
  t.is(await passed(at, 'Location', '/outer/', { fields }), '/api/outer/');
});
