import test from 'ava';
import {
  ALLOWED,
  APP,
  AS_ADA,
  AS_BOB,
  ask,
  corsPlace,
  forwarded,
  pageText,
  preflight,
  preflightAllowed,
  UPSTREAM_CORS,
  undated,
  WRONG,
} from '../support/gateways/cors.ts';
import { parts, requestText } from '../support/gateways/forwarding.ts';
import { rawClient, rawExchange } from '../support/http/raw.ts';

test('a preflight is answered by the gateway, in full', async (t) => {
  const { gateway, upstream } = await corsPlace(t);
  const fields = ['Access-Control-Request-Method: POST', 'Access-Control-Request-Headers: authorization,x-a'];
  const answer = await rawExchange(gateway.port, pageText('OPTIONS /api/v1/orders/7?x=1', ...fields));
  t.deepEqual(undated(answer), [
    'HTTP/1.1 204 No Content',
    'Vary: Origin',
    `Access-Control-Allow-Origin: ${APP}`,
    'Access-Control-Max-Age: 600',
    'Access-Control-Allow-Methods: POST',
    'Access-Control-Allow-Headers: authorization,x-a',
    'X-Request-Id: r1',
    'Connection: close',
  ]);
  t.is(parts(answer).body, '');
  const line = await gateway.logged(({ id }) => id === 'r1');
  t.like(line, { status: 204, route: 'orders', method: 'OPTIONS', path: '/api/v1/orders/7', upstream: null });
  t.is(line.account, null);
  t.deepEqual(upstream.seen, []);
});

test('a preflight is answered whatever its credentials', async (t) => {
  const { gateway, upstream } = await corsPlace(t);
  for (const credentials of [AS_ADA, AS_BOB, WRONG, 'Authorization: Bearer x', 'Authorization: nonsense']) {
    t.deepEqual(await preflight(gateway, '/api/v1/orders', 'GET', credentials), preflightAllowed('GET'), credentials);
  }
  t.deepEqual(upstream.seen, []);
});

test('a preflight is answered at and below the path of a route, open or not, for what it takes', async (t) => {
  const { gateway, upstream } = await corsPlace(t);
  for (const path of ['/api/v1/orders', '/api/v1/orders/', '/api/v1/orders/7/items', '/api/v1/orders/a%20b']) {
    for (const method of ['GET', 'HEAD', 'POST']) {
      t.deepEqual(await preflight(gateway, path, method), preflightAllowed(method), `${method} ${path}`);
    }
  }
  const toAll = ['Access-Control-Allow-Origin: *', 'Access-Control-Max-Age: 600', 'Vary: Origin'];
  for (const path of ['/shop/x', '/elsewhere']) {
    const { status, cors } = await preflight(gateway, path, 'GET');
    t.deepEqual([status, ...cors], [204, 'Access-Control-Allow-Methods: GET', ...toAll], path);
  }
  t.deepEqual((await preflight(gateway, '/api/v1/all', 'PROPFIND')).cors, [
    'Access-Control-Allow-Methods: PROPFIND',
    `Access-Control-Allow-Origin: ${APP}`,
    'Access-Control-Max-Age: 0',
    'Vary: Origin',
  ]);
  t.deepEqual(upstream.seen, []);
});

test('of routes that divide the methods of a path, only the one with cors answers preflights', async (t) => {
  const { gateway, upstream } = await corsPlace(t);
  t.deepEqual(await preflight(gateway, '/api/v1/split', 'GET'), preflightAllowed('GET'));
  t.deepEqual(await ask(gateway, 'GET /api/v1/split', AS_ADA), { status: 200, cors: forwarded(ALLOWED) });
  t.deepEqual(await ask(gateway, 'PUT /api/v1/split'), { status: 401, cors: [] });
  t.deepEqual(await preflight(gateway, '/api/v1/split', 'PUT'), { status: 401, cors: [] });
  t.deepEqual(await preflight(gateway, '/api/v1/split', 'PUT', AS_ADA), { status: 405, cors: [] });
  t.is(upstream.seen.length, 1);
});

test("a preflight to a route without cors is the upstream's to answer, once it may pass", async (t) => {
  const { gateway, upstream } = await corsPlace(t);
  const { status, cors } = await preflight(gateway, '/api/v1/plain', 'GET', AS_ADA);
  t.is(status, 200);
  t.deepEqual(cors, UPSTREAM_CORS);
  t.deepEqual(
    upstream.seen.map(({ method, url }) => `${method} ${url}`),
    ['OPTIONS /api/v1/plain'],
  );
});

test('a preflight with a malformed or ambiguous target that lies on no route as sent is refused like any request', async (t) => {
  const { gateway, upstream } = await corsPlace(t);
  for (const [target, status] of [
    ['/api/v1/orders%00', 400],
    ['http://elsewhere.test/api/v1/orders', 400],
    ['/api/v1/ORDERS', 401],
    ['/api/v1//orders', 401],
  ] as const) {
    t.deepEqual(await preflight(gateway, target, 'GET'), { status, cors: [] }, target);
  }
  t.deepEqual(upstream.seen, []);
});

test('a preflight keeps the connection, but for a body that is too long to be read', async (t) => {
  const { gateway } = await corsPlace(t);
  const client = await rawClient(gateway.port);
  const line = 'OPTIONS /api/v1/orders';
  const fields = [`Origin: ${APP}`, 'Access-Control-Request-Method: GET'];
  client.send(requestText(line, fields));
  t.regex(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 204 /);
  client.send(requestText(line, [...fields, 'Content-Length: 3'], 'abc'));
  await client.until(/\r\n\r\nHTTP\/1\.1 204 (?:.*\r\n)*\r\n$/);
  client.send(requestText(line, [...fields, 'Content-Length: 9000000'], 'abc'));
  t.regex(await client.ended(), /\r\n\r\nHTTP\/1\.1 204 (?:.*\r\n)*Connection: close\r\n(?:.*\r\n)*\r\n$/);
  client.socket.destroy();
});
