import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { ADA, BOB, testGateway } from '../lab/gateways/gateway.ts';
import { type SeenRequest, seenFrom } from '../lab/upstreams/upstream.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { authorization, fieldsOf, message } from './message.ts';

const HANDSHAKE = [
  ...['Host: a', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
];

/** A server that accepts each handshake, remembers its head, and ends the tunnel. */
async function upgradeUpstream(t: ExecutionContext): Promise<{ url: string; seen: SeenRequest[] }> {
  const seen: SeenRequest[] = [];
  const server = createServer((_req, res) => res.end());
  server.on('upgrade', (req, socket: Duplex) => {
    seen.push(seenFrom(req));
    socket.on('error', () => {});
    const fields = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: x'];
    socket.end(`HTTP/1.1 101 Switching Protocols\r\n${fields.join('\r\n')}\r\n\r\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

async function handshake(port: number, lines: readonly string[]): Promise<string> {
  const client = await rawClient(port);
  client.send(message(lines));
  const answer = await client.until(/\r\n\r\n/);
  client.socket.destroy();
  return answer;
}

const FORGERIES: readonly (readonly string[])[] = [
  ['Connection: Upgrade', 'X-User-Id: 2'],
  ['Connection: Upgrade', 'x-user-id: 2', 'X_USER_ID: 3', 'X.User.Id: 4'],
  ['Connection: Upgrade, X-User-Id'],
  ['Connection: x-user-id, upgrade', 'X-User-Id: 2'],
  ['Connection: upgrade, host, x-forwarded-for, x-request-id'],
];

for (const [path, auth, expected] of [
  ['/api/v1/ws', 'required', ['1']],
  ['/ws', 'none', []],
] as const) {
  test(`a handshake on a route with auth: ${auth} carries ${expected.length} identities, whatever the client sends`, async (t) => {
    const upstream = await upgradeUpstream(t);
    const gateway = await testGateway(t, { routes: [{ name: 'ws', path, upstream: upstream.url, auth }] });
    for (const forgery of FORGERIES) {
      const answer = await handshake(gateway.port, [
        ...[`GET ${path}?a=%2F HTTP/1.1`, ...HANDSHAKE, ...forgery, authorization(ADA)],
      ]);
      t.is(statusOf(answer), 101, forgery.join('; '));
      const seen = upstream.seen.at(-1);
      const identities = seen?.rawHeaders.filter((_, i, all) => i % 2 === 1 && /^x.user.id$/i.test(all[i - 1] ?? ''));
      t.deepEqual(identities, [...expected], forgery.join('; '));
      t.is(seen?.url, `${path}?a=%2F`);
      t.deepEqual(seen?.values('host'), [new URL(upstream.url).host]);
      t.deepEqual(seen?.values('x-forwarded-for'), ['127.0.0.1']);
      t.deepEqual(seen?.values('authorization'), []);
    }
    t.is(upstream.seen.length, FORGERIES.length);
  });
}

test('the target of a handshake reaches the upstream with its bytes unchanged', async (t) => {
  const upstream = await upgradeUpstream(t);
  const gateway = await testGateway(t, { routes: [{ name: 'ws', path: '/ws', upstream: upstream.url, auth: 'none' }] });
  for (const target of ['/ws/a//b/', '/ws/%7e%41?x=%zz&y=//../', '/ws/\'"{}|^`<>', '/ws/a;b=c?']) {
    const answer = await handshake(gateway.port, [`GET ${target} HTTP/1.1`, ...HANDSHAKE, 'Connection: Upgrade']);
    t.is(statusOf(answer), 101, target);
    t.is(upstream.seen.at(-1)?.url, target);
  }
});

test('a handshake is refused like any request, before the upstream hears of it, and the connection closes', async (t) => {
  const upstream = await upgradeUpstream(t);
  const gateway = await testGateway(t, { routes: [{ name: 'ws', path: '/api/v1/ws', upstream: upstream.url }] });
  const refused: [number, string[]][] = [
    [401, ['GET /api/v1/ws HTTP/1.1', ...HANDSHAKE]],
    [401, ['GET /api/v1/ws HTTP/1.1', ...HANDSHAKE, authorization({ ...ADA, password: 'x' })]],
    [401, ['GET /api/v1/ws HTTP/1.1', ...HANDSHAKE, 'Cookie: Authorization=Basic']],
    [403, ['GET /api/v1/ws HTTP/1.1', ...HANDSHAKE, authorization(BOB)]],
    [404, ['GET /api/v1/none HTTP/1.1', ...HANDSHAKE, authorization(ADA)]],
    [400, ['GET /api/v1/ws HTTP/1.1', ...HANDSHAKE, authorization(ADA), authorization(ADA)]],
    [400, ['GET /api/v1/ws HTTP/1.1', ...HANDSHAKE, authorization(ADA), 'Host: b']],
    [400, ['GET /api/v1/x/../ws HTTP/1.1', ...HANDSHAKE, authorization(ADA)]],
    [400, ['GET /api/v1/ws HTTP/1.1', ...HANDSHAKE, authorization(ADA), 'Content-Length: 1']],
    [400, ['GET /api/v1/tokens HTTP/1.1', ...HANDSHAKE, authorization(ADA)]],
  ];
  for (const [status, lines] of refused) {
    const answer = await rawExchange(gateway.port, message([...lines, 'Connection: Upgrade']));
    t.is(statusOf(answer), status, lines.join('; '));
    t.deepEqual(fieldsOf(answer, 'Connection'), ['close']);
    t.is(fieldsOf(answer, 'X-Request-Id').length, 1);
  }
  t.deepEqual(upstream.seen, []);
});
