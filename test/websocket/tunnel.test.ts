import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import test from 'ava';
import { ADA, basic, testGateway } from '../lab/gateways/gateway.ts';
import { holds } from '../lab/waiting/condition.ts';
import { requestText, valuesOf } from '../support/gateways/forwarding.ts';
import { rawClient, statusOf } from '../support/http/raw.ts';
import { echoed, HANDSHAKE, webSocketTo, webSocketUpstream } from '../support/http/websocket.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

async function setUp(
  t: Parameters<typeof webSocketUpstream>[0],
  options: Parameters<typeof webSocketUpstream>[1] = {},
) {
  const upstream = await webSocketUpstream(t, options);
  const gateway = await testGateway(t, {
    routes: [
      { name: 'ws', path: '/api/v1/ws', upstream: upstream.url, stripPrefix: '/api/v1' },
      { name: 'open', path: '/open', upstream: upstream.url, auth: 'none' },
    ],
  });
  return { upstream, gateway };
}

const AUTHORIZED = { authorization: basic(ADA) };

test('a password, a token as Basic user name and a Bearer token open a WebSocket as the account', async (t) => {
  const { upstream, gateway } = await setUp(t);
  const token = await gateway.token();
  for (const authorization of [basic(ADA), basic({ email: token, password: '' }), `Bearer ${token}`]) {
    const socket = await webSocketTo(t, `${gateway.url}/api/v1/ws/room?x=1`, { authorization });
    t.is((await echoed(socket, 'hello')).data.toString(), 'hello');
  }
  t.is(upstream.seen.length, 3);
  for (const request of upstream.seen) {
    t.is(request.url, '/ws/room?x=1');
    t.deepEqual(request.values('x-user-id'), ['1']);
    t.deepEqual(request.values('authorization'), []);
    t.deepEqual(request.values('host'), [new URL(upstream.url).host]);
    t.is(request.values('x-request-id').length, 1);
    t.deepEqual(request.values('x-forwarded-for'), ['127.0.0.1']);
  }
});

test('no field of the client adds an identity to a WebSocket, with authentication or without', async (t) => {
  const { upstream, gateway } = await setUp(t);
  for (const [path, authorization] of [
    ['/api/v1/ws', [`Authorization: ${basic(ADA)}`]],
    ['/open', []],
  ] as const) {
    const client = await rawClient(gateway.port);
    const forged = ['X-User-Id: 2', 'x_user_id: 3', 'X.User.Id: 4', 'Connection: X-User-Id'];
    client.send(requestText(`GET ${path}`, [...HANDSHAKE, ...authorization, ...forged]));
    await client.until(/^HTTP\/1\.1 101 /);
    client.socket.destroy();
  }
  t.deepEqual(
    upstream.seen.map((request) => [
      request.values('x-user-id'),
      request.values('x_user_id'),
      request.values('x.user.id'),
    ]),
    [
      [['1'], [], []],
      [[], [], []],
    ],
  );
});

test('text, binary, empty and large messages pass both ways', async (t) => {
  const { gateway } = await setUp(t);
  const socket = await webSocketTo(t, `${gateway.url}/api/v1/ws`, AUTHORIZED);
  t.deepEqual(await echoed(socket, 'Grüße 🌍'), { data: Buffer.from('Grüße 🌍'), isBinary: false });
  t.deepEqual(await echoed(socket, Buffer.from([0, 255, 10, 13])), {
    data: Buffer.from([0, 255, 10, 13]),
    isBinary: true,
  });
  t.deepEqual(await echoed(socket, ''), { data: Buffer.alloc(0), isBinary: false });
  const large = randomBytes(5 * 1024 * 1024);
  t.true((await echoed(socket, large)).data.equals(large));
});

test('the subprotocol that the upstream chooses reaches the client', async (t) => {
  const { gateway } = await setUp(t, { handleProtocols: (offered) => [...offered].at(-1) ?? false });
  const socket = await webSocketTo(t, `${gateway.url}/api/v1/ws`, { ...AUTHORIZED, protocols: ['v1.chat', 'v2.chat'] });
  t.is(socket.protocol, 'v2.chat');
});

test('a first frame that is sent together with the handshake is not lost', async (t) => {
  const { gateway } = await setUp(t);
  const client = await rawClient(gateway.port);
  // A masked text frame, "hi", with the mask 0.
  const frame = '\x81\x82\0\0\0\0hi';
  client.send(requestText('GET /api/v1/ws', [...HANDSHAKE, `Authorization: ${basic(ADA)}`], frame));
  const answer = await client.until(/\x81[\s\S]hi$/);
  t.is(statusOf(answer), 101);
  t.is(valuesOf(answer, 'x-request-id').length, 1);
  client.socket.destroy();
});

test('an upgrade that is sent behind a request waits for the answer of that request', async (t) => {
  const { gateway } = await setUp(t);
  const client = await rawClient(gateway.port);
  client.send(
    requestText('GET /api/v1/nothing', [`Authorization: ${basic(ADA)}`]) + requestText('GET /open', HANDSHAKE),
  );
  const answer = await client.until(/HTTP\/1\.1 101 /);
  t.regex(answer, /^HTTP\/1\.1 404 [\s\S]*\r\n\r\n{[^}]*}\s*HTTP\/1\.1 101 /);
  client.socket.destroy();
  const other = await rawClient(gateway.port);
  other.send(
    requestText('GET /api/v1/nothing', [`Authorization: ${basic(ADA)}`]) + requestText('GET /api/v1/ws', HANDSHAKE),
  );
  t.regex(await other.ended(), /^HTTP\/1\.1 404 [\s\S]*\r\n\r\n{[^}]*}\s*HTTP\/1\.1 401 /);
});

test('close codes and reasons pass both ways', async (t) => {
  const { upstream, gateway } = await setUp(t);
  const byUpstream = await webSocketTo(t, `${gateway.url}/api/v1/ws`, AUTHORIZED);
  await holds('the upstream has it', () => upstream.sockets.length === 1);
  upstream.sockets[0]?.close(4001, 'moved');
  t.deepEqual(((await once(byUpstream, 'close')) as [number, Buffer]).map(String), ['4001', 'moved']);

  const byClient = await webSocketTo(t, `${gateway.url}/api/v1/ws`, AUTHORIZED);
  await holds('the upstream has it', () => upstream.sockets.length === 2);
  const closed = once(upstream.sockets[1] as (typeof upstream.sockets)[number], 'close') as Promise<[number, Buffer]>;
  byClient.close(4002, 'bye');
  t.deepEqual((await closed).map(String), ['4002', 'bye']);
});

test('a side that vanishes ends the other at once', async (t) => {
  const { upstream, gateway } = await setUp(t);
  for (const vanish of ['terminate', 'resetAndDestroy'] as const) {
    const first = upstream.sockets.length;
    const client = await rawClient(gateway.port);
    client.send(requestText('GET /api/v1/ws', [...HANDSHAKE, `Authorization: ${basic(ADA)}`]));
    await client.until(/\r\n\r\n/);
    await holds('the upstream has it', () => upstream.sockets.length === first + 1);
    if (vanish === 'terminate') client.socket.destroy();
    else client.socket.resetAndDestroy();
    await holds('the upstream sees the end', () => upstream.sockets[first]?.readyState === 3);

    const socket = await webSocketTo(t, `${gateway.url}/api/v1/ws`, AUTHORIZED);
    await holds('the upstream has it', () => upstream.sockets.length === first + 2);
    const end = upstream.sockets[first + 1] as unknown as { _socket: { resetAndDestroy(): void }; terminate(): void };
    if (vanish === 'terminate') end.terminate();
    else end._socket.resetAndDestroy();
    await holds('the client sees the end', () => socket.readyState === 3);
  }
  t.is(upstream.sockets.length, 4);
});

test('an upstream that keeps its half open after the client has vanished is cut off', async (t) => {
  let ended = false;
  let closed = false;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n';
    socket.once('data', () => socket.write(`HTTP/1.1 101 Go\r\n${fields}\r\n`));
    socket.once('end', () => {
      ended = true;
    });
    const writing = setInterval(() => ended && socket.write('still here'), 20);
    socket.once('close', () => {
      closed = true;
      clearInterval(writing);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const gateway = await testGateway(t, { routes: [{ name: 'open', path: '/open', upstream: url, auth: 'none' }] });
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /open', HANDSHAKE));
  await client.until(/101/);
  client.socket.resetAndDestroy();
  await holds('the upstream is cut off', () => closed);
  t.true(ended);
});

test('a client that keeps its half open after the upstream has vanished is cut off', async (t) => {
  const { upstream, gateway } = await setUp(t);
  const client = await rawClient(gateway.port);
  client.socket.removeAllListeners('end');
  client.send(requestText('GET /open', HANDSHAKE));
  await client.until(/101/);
  await holds('the upstream has it', () => upstream.sockets.length === 1);
  upstream.sockets[0]?.terminate();
  t.is((await gateway.logged(({ route }) => route === 'open')).status, 101);
});

test('one line is logged for a WebSocket when it has ended', async (t) => {
  const { upstream, gateway } = await setUp(t);
  const socket = await webSocketTo(t, `${gateway.url}/api/v1/ws?secret=1`, AUTHORIZED);
  await echoed(socket, 'hello');
  t.false(gateway.log.some(({ route }) => route === 'ws'));
  socket.close();
  const line = await gateway.logged(({ route }) => route === 'ws');
  t.like(line, {
    method: 'GET',
    path: '/api/v1/ws',
    status: 101,
    account: '1',
    upstream: upstream.url,
    error: undefined,
    fault: undefined,
  });
  t.is(line.id, upstream.seen[0]?.values('x-request-id')[0] as string);
  t.is(gateway.log.filter(({ route }) => route === 'ws').length, 1);
});
