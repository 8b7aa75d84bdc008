import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openDatabase } from '../../gateway/stores/database/connection.ts';
import { BOB, basic, testGateway } from '../lab/gateways/gateway.ts';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';
import {
  ALLOWED,
  APP,
  AS_ADA,
  AS_BOB,
  ask,
  corsOf,
  corsPlace,
  forwarded,
  pageText,
  preflight,
  preflightAllowed,
  undated,
  WRONG,
} from '../support/gateways/cors.ts';
import { parts } from '../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';

test('to who has proven nothing, a route without cors looks like no route, and so does a method of it', async (t) => {
  const { gateway, upstream } = await corsPlace(t);
  const requested = 'Access-Control-Request-Method';
  for (const [line, fields] of [
    ['OPTIONS /api/v1/nowhere', [`${requested}: GET`]],
    ['OPTIONS /api/v1/plain', [`${requested}: GET`]],
    ['OPTIONS /api/v1/plain', [`${requested}: GET`, WRONG]],
    ['OPTIONS /api/v1/tokens', [`${requested}: POST`]],
    ['OPTIONS /api/v1/split', [`${requested}: PUT`]],
    ['OPTIONS /api/v1/split', [`${requested}: PATCH`]],
    ['GET /api/v1/nowhere', []],
    ['GET /api/v1/plain', []],
    ['POST /api/v1/tokens', []],
    ['PUT /api/v1/split', []],
    ['PATCH /api/v1/split', []],
  ] as [string, string[]][]) {
    const answer = await rawExchange(gateway.port, pageText(line, ...fields));
    t.deepEqual(
      undated(answer),
      [
        'HTTP/1.1 401 Unauthorized',
        'Content-Type: application/json',
        'Content-Length: 56',
        'Cache-Control: no-store',
        'X-Content-Type-Options: nosniff',
        'X-Request-Id: r1',
        'WWW-Authenticate: Basic realm="api", charset="UTF-8"',
        'Connection: close',
      ],
      `${line} ${fields}`,
    );
  }
  t.deepEqual(upstream.seen, []);
});

test('refusals can be read by the page, below the prefix and outside, with a body and without', async (t) => {
  const { gateway } = await corsPlace(t);
  const toAll = ['Access-Control-Allow-Origin: *', 'Vary: Origin'];
  for (const [status, line, credentials, cors] of [
    [401, 'GET /api/v1/orders/7', [], ALLOWED],
    [401, 'GET /api/v1/orders/7', [WRONG], ALLOWED],
    [401, 'HEAD /api/v1/orders/7', [], ALLOWED],
    [401, 'DELETE /api/v1/orders/7', [], ALLOWED],
    [403, 'GET /api/v1/orders/7', [AS_BOB], ALLOWED],
    [405, 'DELETE /api/v1/orders/7', [AS_ADA], ALLOWED],
    [400, 'GET /api/v1/orders/a%2fb', [AS_ADA], ALLOWED],
    [404, 'GET /api/v1/orders/none', [AS_ADA], forwarded(ALLOWED)],
    [502, 'GET /api/v1/down', [AS_ADA], ALLOWED],
    [502, 'HEAD /api/v1/down', [AS_ADA], ALLOWED],
    [405, 'POST /shop', [], toAll],
    [404, 'GET /shop/none', [], ['Access-Control-Allow-Origin: *', 'Vary: Accept-Encoding, Origin']],
    // No route takes these, whoever asks: the one for every path outside has no part in what is below the prefix.
    [404, 'GET /api/v1/nowhere', [AS_ADA], []],
    [404, 'GET /api/v1/tokens/x/y', [AS_ADA], []],
    [405, 'PATCH /api/v1/split', [`Authorization: Bearer ${await gateway.token()}`], []],
    // A browser may have added these by itself.
    [403, 'PATCH /api/v1/split', [AS_ADA], []],
  ] as [number, string, string[], string[]][]) {
    t.deepEqual(await ask(gateway, line, ...credentials), { status, cors }, `${line} ${credentials}`);
  }
});

test('a page that may call a route can learn that a method is not among its own', async (t) => {
  const { gateway } = await corsPlace(t);
  t.deepEqual(await preflight(gateway, '/api/v1/orders', 'DELETE'), preflightAllowed('DELETE'));
  const answer = await rawExchange(gateway.port, pageText('DELETE /api/v1/orders', AS_ADA));
  t.is(statusOf(answer), 405);
  t.deepEqual(corsOf(answer), ALLOWED);
  t.true(parts(answer).lines.includes('Allow: GET, POST, HEAD'));
});

test('refusals for too many wrong passwords, a slow upstream and a store that is out can be read by the page', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cors-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'cors.sqlite');
  const silent = await tcpUpstream(t, (socket) => socket.resume());
  const gateway = await testGateway(t, {
    database: { url: `sqlite:${file}` },
    accounts: { passwordCost: 4, cache: '1ms', throttle: { perAddressAndAccount: 1 } },
    timeouts: { firstByte: '50ms' },
    routes: [{ name: 'a', path: '/api/v1/a', upstream: silent.url, cors: { origins: APP } }],
  });
  t.deepEqual(await ask(gateway, 'GET /api/v1/a', AS_ADA), { status: 504, cors: ALLOWED });
  const wrong = `Authorization: ${basic({ ...BOB, password: 'wrong' })}`;
  t.deepEqual(await ask(gateway, 'GET /api/v1/a', wrong), { status: 401, cors: ALLOWED });
  t.deepEqual(await ask(gateway, 'GET /api/v1/a', wrong), { status: 429, cors: ALLOWED });
  t.deepEqual(await preflight(gateway, '/api/v1/a', 'GET', wrong), preflightAllowed('GET'));

  const database = openDatabase({ kind: 'sqlite', file }, { timeout: 5_000 });
  t.teardown(() => database.close());
  await database.sql.schema.renameTable('gatehouse_accounts', 'elsewhere');
  const other = `Authorization: ${basic({ email: 'eve@example.com', password: 'x' })}`;
  t.deepEqual(await ask(gateway, 'GET /api/v1/a', other), { status: 503, cors: ALLOWED });
});
