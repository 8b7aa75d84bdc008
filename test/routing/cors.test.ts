import test from 'ava';
import { testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import {
  ALLOWED,
  APP,
  AS_ADA,
  ask,
  corsOf,
  corsPlace,
  forwarded,
  NOT_ALLOWED,
  pageText,
  preflight,
  preflightAllowed,
  UPSTREAM_CORS,
  undated,
} from '../support/gateways/cors.ts';
import { parts, requestText } from '../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { webSocketUpstream } from '../support/http/websocket.ts';

test("a forwarded answer has the CORS fields of the gateway in place of the upstream's, and all its other ones", async (t) => {
  const { gateway, upstream } = await corsPlace(t);
  for (const method of ['GET', 'HEAD']) {
    const answer = await rawExchange(gateway.port, pageText(`${method} /api/v1/orders/7`, AS_ADA));
    const { body } = parts(answer);
    t.deepEqual(undated(answer), [
      'HTTP/1.1 200 OK',
      `Access-Control-Allow-Origin: ${APP}`,
      'Content-Length: 2',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'X-Request-Id: r1',
      'Vary: Accept-Encoding, Origin',
      'Connection: close',
    ]);
    t.is(body, method === 'GET' ? 'ok' : '');
  }
  t.deepEqual(upstream.seen[0]?.values('Origin'), [APP]);
});

test('an OPTIONS of a page itself is forwarded like any method, and its answer may be read', async (t) => {
  const { gateway, upstream } = await corsPlace(t);
  t.deepEqual(await ask(gateway, 'OPTIONS /api/v1/all', AS_ADA), { status: 200, cors: forwarded(ALLOWED) });
  t.deepEqual(await ask(gateway, 'OPTIONS /api/v1/all'), { status: 401, cors: ALLOWED });
  t.deepEqual(
    upstream.seen.map(({ method }) => method),
    ['OPTIONS'],
  );
});

test('an origin that is not allowed gets no field of CORS, of the gateway or of the upstream', async (t) => {
  const { gateway } = await corsPlace(t);
  for (const origin of [
    'https://evil.example',
    'null',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://app.example.com.evil.example',
    'https://x.app.example.com',
    'HTTPS://APP.EXAMPLE.COM',
    `${APP}, https://evil.example`,
    '*',
  ]) {
    const from = `Origin: ${origin}`;
    t.deepEqual(await preflight(gateway, '/api/v1/orders', 'GET', from), { status: 204, cors: NOT_ALLOWED }, origin);
    const answer = await ask(gateway, 'GET /api/v1/orders', AS_ADA, from);
    t.deepEqual(answer, { status: 200, cors: forwarded(NOT_ALLOWED) }, origin);
    t.deepEqual(await ask(gateway, 'GET /api/v1/orders', from), { status: 401, cors: NOT_ALLOWED }, origin);
  }
  const twice = await ask(gateway, 'GET /api/v1/orders', `Origin: ${APP}`, 'Origin: https://evil.example');
  t.deepEqual(twice, { status: 401, cors: NOT_ALLOWED });
});

test('"*" allows every origin, also null, and names none', async (t) => {
  const { gateway } = await corsPlace(t);
  for (const origin of [APP, 'null', 'http://localhost']) {
    const { cors } = await ask(gateway, 'GET /shop', `Origin: ${origin}`);
    t.deepEqual(cors, ['Access-Control-Allow-Origin: *', 'Vary: Accept-Encoding, Origin'], origin);
  }
});

test('without an Origin there is nothing of CORS but what caches must know', async (t) => {
  const { gateway, upstream } = await corsPlace(t);
  const get = requestText('GET /api/v1/orders', [AS_ADA, 'Connection: close']);
  t.deepEqual(corsOf(await rawExchange(gateway.port, get)), forwarded(NOT_ALLOWED));
  const fields = ['Access-Control-Request-Method: GET', 'Connection: close'];
  for (const more of [[], ['Origin:']]) {
    const answer = await rawExchange(gateway.port, requestText('OPTIONS /api/v1/orders', [...fields, ...more]));
    t.deepEqual([statusOf(answer), ...corsOf(answer)], [401]);
  }
  t.is(upstream.seen.length, 1);
});

test('on routes without cors, what the upstream says of it passes as it is', async (t) => {
  const { gateway } = await corsPlace(t);
  t.deepEqual(await ask(gateway, 'GET /api/v1/plain', AS_ADA), { status: 200, cors: UPSTREAM_CORS });
  const bearer = `Authorization: Bearer ${await gateway.token()}`;
  t.deepEqual(await ask(gateway, 'PUT /api/v1/split', bearer), { status: 200, cors: UPSTREAM_CORS });
  const plain = requestText('GET /api/v1/plain', [AS_ADA, 'Connection: close']);
  t.deepEqual(corsOf(await rawExchange(gateway.port, plain)), UPSTREAM_CORS);
});

test('credentials, the fields that pages may send and those that they may read are as the route says', async (t) => {
  const upstream = await httpUpstream(t);
  const cors = {
    origins: APP,
    headers: ['X-Trace', 'If-Match'],
    exposeHeaders: ['X-Total', 'Link'],
    credentials: true,
  };
  const gateway = await testGateway(t, {
    routes: [{ name: 'a', path: '/api/v1/a', upstream: upstream.url, cors: { ...cors, maxAge: '90s' } }],
  });
  const asked = 'Access-Control-Request-Headers: x-other';
  t.deepEqual(await preflight(gateway, '/api/v1/a', 'PATCH', asked), {
    status: 204,
    cors: [
      'Access-Control-Allow-Credentials: true',
      'Access-Control-Allow-Headers: Authorization,Content-Type,X-Trace,If-Match',
      'Access-Control-Allow-Methods: PATCH',
      `Access-Control-Allow-Origin: ${APP}`,
      'Access-Control-Max-Age: 90',
      'Vary: Origin',
    ],
  });
  const readable = [
    'Access-Control-Allow-Credentials: true',
    `Access-Control-Allow-Origin: ${APP}`,
    'Access-Control-Expose-Headers: X-Total,Link',
    'Vary: Origin',
  ];
  t.deepEqual(await ask(gateway, 'GET /api/v1/a', AS_ADA), { status: 200, cors: readable });
  t.deepEqual(await ask(gateway, 'GET /api/v1/a'), { status: 401, cors: readable });
  const from = 'Origin: https://evil.example';
  t.deepEqual(await preflight(gateway, '/api/v1/a', 'PATCH', from), { status: 204, cors: NOT_ALLOWED });
  t.deepEqual(await ask(gateway, 'GET /api/v1/a', AS_ADA, from), { status: 200, cors: NOT_ALLOWED });
});

test('an empty list of fields leaves Authorization and Content-Type, and is asked for by OPTIONS alone', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'a', path: '/api/v1/a', upstream: upstream.url, cors: { origins: APP, headers: [] } }],
  });
  const asked = 'Access-Control-Request-Headers: x-other';
  const expected = preflightAllowed('PUT', 'Authorization,Content-Type');
  t.deepEqual(await preflight(gateway, '/api/v1/a', 'PUT', asked), expected);
  t.deepEqual(upstream.seen, []);
  const put = await ask(gateway, 'PUT /api/v1/a', 'Content-Length: 0', 'Access-Control-Request-Method: PUT', AS_ADA);
  t.deepEqual(put, { status: 200, cors: ALLOWED });
  t.is(upstream.seen.length, 1);
});

test('a WebSocket handshake knows no CORS', async (t) => {
  const upstream = await webSocketUpstream(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'ws', path: '/api/v1/ws', upstream: upstream.url, cors: { origins: APP } }],
  });
  const fields = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  for (const [credentials, status] of [
    [[AS_ADA], 101],
    [[], 401],
  ] as const) {
    const client = await rawClient(gateway.port);
    client.send(requestText('GET /api/v1/ws', [`Origin: ${APP}`, ...fields, key, ...credentials]));
    const answer = await client.until(/\r\n\r\n/);
    client.socket.destroy();
    t.is(statusOf(answer), status);
    t.deepEqual(corsOf(answer), []);
  }
  t.is(upstream.seen.length, 1);
});
