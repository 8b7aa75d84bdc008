import test from 'ava';
import { authorization, fieldsOf, message } from '../hostile/message.ts';
import { ADA, basic, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { listenOver, overAll, routeOver } from '../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { HANDSHAKE, webSocketUpstream } from '../support/http/websocket.ts';

const HEADERS = {
  request: { set: { 'X-Service': 'orders', Authorization: 'Bearer service' }, remove: ['Referer', 'X-Debug'] },
  response: { set: { 'X-Frame-Options': 'DENY' }, remove: ['Server', 'X-Powered-By'] },
};

function lines(path: string, ...fields: string[]): string {
  return message([`GET ${path} HTTP/1.1`, 'Host: a', authorization(ADA), ...fields, 'Connection: close']);
}

overAll("a route sets and removes fields of its requests and of its upstream's answers", async (t, over) => {
  const upstream = await httpUpstream(t, (_req, res) => {
    const fields = ['Server', 'x', 'x-powered-by', 'y', 'X-FRAME-OPTIONS', 'ALLOW', 'X-Kept', '1', 'Set-Cookie', 'a=b'];
    res.writeHead(404, fields);
    res.end();
  });
  const gateway = await testGateway(t, {
    listen: listenOver(over),
    routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url, headers: HEADERS, ...routeOver(over) }],
  });
  const fields = ['Referer: r', 'X_Debug: 1', 'x-service: forged', 'X_Service: forged', 'Connection: x-service'];
  const answer = await rawExchange(gateway.port, lines('/api/v1/o', ...fields));
  t.is(statusOf(answer), 404);
  const [seen] = upstream.seen;
  t.deepEqual(seen?.values('x-service'), ['orders']);
  t.deepEqual(seen?.values('authorization'), ['Bearer service']);
  t.deepEqual(seen?.values('x-user-id'), ['1']);
  t.false(seen?.rawHeaders.some((text) => /referer|debug|forged/i.test(text)));
  t.deepEqual(fieldsOf(answer, 'X-Frame-Options'), ['DENY']);
  t.deepEqual(fieldsOf(answer, 'X-Kept'), ['1']);
  t.deepEqual(fieldsOf(answer, 'Set-Cookie'), ['a=b']);
  t.deepEqual([...fieldsOf(answer, 'Server'), ...fieldsOf(answer, 'X-Powered-By')], []);
  t.is(fieldsOf(answer, 'X-Request-Id').length, 1);
});

test('what a route changes holds for WebSocket handshakes too', async (t) => {
  const upstream = await webSocketUpstream(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'w', path: '/api/v1/w', upstream: upstream.url, headers: HEADERS }],
  });
  const client = await rawClient(gateway.port);
  client.send(message(['GET /api/v1/w HTTP/1.1', 'Host: a', authorization(ADA), ...HANDSHAKE, 'Referer: r']));
  const answer = await client.until(/\r\n\r\n/);
  client.socket.destroy();
  t.is(statusOf(answer), 101);
  t.deepEqual(fieldsOf(answer, 'X-Frame-Options'), ['DENY']);
  t.deepEqual(upstream.seen[0]?.values('x-service'), ['orders']);
  t.deepEqual(upstream.seen[0]?.values('referer'), []);
});

test("the gateway's own refusals on a route are as on every other", async (t) => {
  const gateway = await testGateway(t, {
    routes: [{ name: 'o', path: '/api/v1/o', upstream: 'http://127.0.0.1:9', headers: HEADERS }],
  });
  for (const [status, headers] of [
    [401, {}],
    [502, { Authorization: basic(ADA) }],
  ] as const) {
    const answer = await fetch(`${gateway.url}/api/v1/o`, { headers });
    t.is(answer.status, status);
    t.is(answer.headers.get('x-frame-options'), null);
    t.is(answer.headers.get('content-type'), 'application/json');
  }
});

const STRICT = 'max-age=31536000; includeSubDomains';

/** Every kind of answer that the gateway gives, by the request for it. */
const KINDS: readonly (readonly [status: number, request: (...fields: string[]) => string])[] = [
  [200, (...fields) => lines('/api/v1/o', ...fields)],
  [200, (...fields) => lines('/api/v1/p', ...fields)],
  [200, (...fields) => lines('/api/v1/tokens/', ...fields)],
  [204, (...fields) => preflight(...fields)],
  [200, (...fields) => lines('/api/v1/o', 'Origin: https://app.example.com', ...fields)],
  [404, (...fields) => lines('/api/v1/nothing', ...fields)],
  [502, (...fields) => lines('/api/v1/out', ...fields)],
  [400, (...fields) => lines('/api/v1/o/../x', ...fields)],
  [400, (...fields) => lines('/api/v1/o', 'Host: b', ...fields)],
  [401, (...fields) => message(['GET /api/v1/o HTTP/1.1', 'Host: a', ...HANDSHAKE, ...fields])],
  [200, (...fields) => message(['GET /account/login HTTP/1.1', 'Host: a', 'Connection: close', ...fields])],
  [404, (...fields) => message(['GET /none HTTP/1.1', 'Host: a', 'Accept: text/html', 'Connection: close', ...fields])],
];

function preflight(...fields: string[]): string {
  const asked = ['Origin: https://app.example.com', 'Access-Control-Request-Method: GET'];
  return message(['OPTIONS /api/v1/o HTTP/1.1', 'Host: a', ...asked, 'Connection: close', ...fields]);
}

for (const { title, settings, fields, isTold } of [
  { title: 'a trusted proxy says https', fields: ['X-Forwarded-Proto: https'], isTold: true },
  { title: 'a trusted proxy says so in Forwarded', fields: ['Forwarded: for=1.1.1.1;proto=https'], isTold: true },
  { title: 'a trusted proxy says http', fields: ['X-Forwarded-Proto: http'], isTold: false },
  { title: 'a trusted proxy says nothing', fields: [], isTold: false },
  {
    title: 'somebody who is not trusted says https',
    settings: { trustedProxies: ['10.0.0.1'], pages: { url: 'https://api.example.com' } },
    fields: ['X-Forwarded-Proto: https'],
    isTold: false,
  },
  {
    title: 'no proxy is named and browsers reach the gateway by https',
    settings: { trustedProxies: [], pages: { url: 'https://api.example.com' } },
    fields: [],
    isTold: true,
  },
] as const) {
  test(`every answer ${isTold ? 'has' : 'is without'} Strict-Transport-Security where ${title}`, async (t) => {
    const upstream = await httpUpstream(t, (_req, res) => {
      res.setHeader('Strict-Transport-Security', 'max-age=1');
      res.end();
    });
    const cors = { origins: ['https://app.example.com'] };
    const gateway = await testGateway(t, {
      listen: { port: 0, hsts: { maxAge: '365d', includeSubDomains: true } },
      trustedProxies: ['127.0.0.1'],
      ...settings,
      routes: [
        { name: 'o', path: '/api/v1/o', upstream: upstream.url, cors },
        { name: 'p', path: '/api/v1/p', upstream: upstream.url, proxy: {} },
        { name: 'out', path: '/api/v1/out', upstream: 'http://127.0.0.1:9' },
      ],
    });
    for (const [status, request] of KINDS) {
      const answer = await rawExchange(gateway.port, request(...fields));
      t.is(statusOf(answer), status, answer);
      const own = fieldsOf(answer, 'Strict-Transport-Security').filter((value) => value !== 'max-age=1');
      t.deepEqual(own, isTold ? [STRICT] : [], answer);
      if (isTold) t.is(fieldsOf(answer, 'Strict-Transport-Security').length, 1, answer);
    }
    // What is no request says nothing of how it came.
    const refused = await rawExchange(gateway.port, 'nonsense\r\n\r\n');
    const byUrl = settings?.trustedProxies.length === 0;
    t.deepEqual(fieldsOf(refused, 'Strict-Transport-Security'), byUrl ? [STRICT] : []);
  });
}

overAll("an upstream's Alt-Svc and X-User-Id do not reach the client", async (t, over) => {
  const upstream = await httpUpstream(t, (_req, res) => {
    res.writeHead(200, ['Alt-Svc', 'h3=":443"', 'X-User-Id', '7', 'X-User-Ids', '8', 'X-A', '1']);
    res.end();
  });
  const gateway = await testGateway(t, {
    listen: listenOver(over),
    routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url, ...routeOver(over) }],
  });
  const answer = await rawExchange(gateway.port, lines('/api/v1/o'));
  t.deepEqual([...fieldsOf(answer, 'Alt-Svc'), ...fieldsOf(answer, 'X-User-Id')], []);
  t.deepEqual([...fieldsOf(answer, 'X-User-Ids'), ...fieldsOf(answer, 'X-A')], ['8', '1']);
});

overAll('Via passes and none is added, and Max-Forwards counts the hops of OPTIONS', async (t, over) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    listen: listenOver(over),
    routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url, ...routeOver(over) }],
  });
  const ask = (method: string, hops: string) =>
    rawExchange(
      gateway.port,
      message([
        ...[`${method} /api/v1/o HTTP/1.1`, 'Host: a', authorization(ADA), `Max-Forwards: ${hops}`, 'Via: 1.1 front'],
        'Connection: close',
      ]),
    );
  t.is(statusOf(await ask('OPTIONS', '2')), 200);
  t.is(statusOf(await ask('GET', '0')), 200);
  t.deepEqual(
    upstream.seen.map(({ values }) => [values('max-forwards'), values('via')]),
    [
      [['1'], ['1.1 front']],
      [['0'], ['1.1 front']],
    ],
  );
  const last = await ask('OPTIONS', '0');
  t.is(statusOf(last), 204);
  t.deepEqual(fieldsOf(last, 'Allow'), ['GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS']);
  t.is(fieldsOf(last, 'X-Request-Id').length, 1);
  t.is(upstream.seen.length, 2);
  const refused = await rawExchange(
    gateway.port,
    message(['OPTIONS /api/v1/o HTTP/1.1', 'Host: a', 'Max-Forwards: 0', 'Connection: close']),
  );
  t.is(statusOf(refused), 401);
});
