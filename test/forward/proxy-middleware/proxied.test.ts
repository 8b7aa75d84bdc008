import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttp2Server, createSecureServer } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo, ListenOptions, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ADA, basic, type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { SELF_SIGNED } from '../../lab/upstreams/self-signed.ts';
import { httpUpstream, tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { PATIENT, parts, requestText, valuesOf } from '../../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../../support/http/raw.ts';
import { echoed, webSocketTo, webSocketUpstream } from '../../support/http/websocket.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** A gateway with one open route through http-proxy-middleware, `/s`, to a group of servers. */
function gatewayTo(
  t: ExecutionContext,
  group: { readonly servers: readonly string[] } & Record<string, unknown>,
  route: Record<string, unknown> = {},
): Promise<TestGateway> {
  return testGateway(t, {
    upstreams: { g: group },
    routes: [{ name: 's', path: '/s', upstream: 'g', auth: 'none', proxy: {}, ...route }],
    timeouts: PATIENT,
  });
}

async function listening(t: ExecutionContext, server: Server, where: ListenOptions): Promise<number> {
  server.listen(where);
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function ask(gateway: TestGateway, line = 'GET /s', fields: readonly string[] = []): Promise<string> {
  return rawExchange(gateway.port, requestText(line, ['Connection: close', ...fields]));
}

const okay: RequestListener = (_req, res) => void res.end('ok');

test('the upstream reads the fields of the client in their order, and those of the gateway, and no others', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await gatewayTo(t, { servers: [upstream.url] });
  const traceparent = '00-11111111111111111111111111111111-2222222222222222-01';
  for (const line of ['GET /s', 'DELETE /s', 'OPTIONS /s']) {
    const fields = ['X-B: 1', 'x-a: 2', 'X-b: 3', 'Cookie: a=1', 'Cookie: b=2', 'X-Request-Id: r1'];
    t.is(statusOf(await ask(gateway, line, [...fields, `traceparent: ${traceparent}`])), 200);
    t.deepEqual(upstream.seen.at(-1)?.rawHeaders, [
      ...['X-B', '1', 'X-B', '3', 'x-a', '2', 'Cookie', 'a=1; b=2', 'traceparent', traceparent],
      ...['host', `127.0.0.1:${upstream.port}`, 'x-forwarded-for', '127.0.0.1', 'x-forwarded-proto', 'http'],
      ...['x-forwarded-host', 'gateway.test', 'x-request-id', 'r1', 'connection', 'keep-alive'],
    ]);
  }
});

test('a connection to the upstream is used again, also after chunks, and replaced when it is old', async (t) => {
  const sockets = new Set<Socket>();
  const upstream = await httpUpstream(t, (req: IncomingMessage, res) => {
    sockets.add(req.socket);
    req.resume().once('end', () => res.end('ok'));
  });
  const gateway = await gatewayTo(t, { servers: [upstream.url], connectionAge: '2s' });
  t.is(statusOf(await ask(gateway)), 200);
  const chunks = requestText('POST /s', ['Transfer-Encoding: chunked', 'Connection: close'], '2\r\nhi\r\n0\r\n\r\n');
  t.is(statusOf(await rawExchange(gateway.port, chunks)), 200);
  t.is(sockets.size, 1);
  await holds('another connection', async () => statusOf(await ask(gateway)) === 200 && sockets.size > 1);
});

test('what an upstream sends between two requests is not taken for the answer to the next', async (t) => {
  const sockets: Socket[] = [];
  const upstream = await tcpUpstream(t, (socket) => {
    sockets.push(socket);
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'));
  });
  const gateway = await gatewayTo(t, { servers: [upstream.url] });
  t.is(parts(await ask(gateway)).body, 'hello');
  sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged');
  await holds('the connection is given up', () => sockets[0]?.destroyed === true);
  t.is(parts(await ask(gateway)).body, 'hello');
});

test('servers of a group take turns, and one that refuses is passed over', async (t) => {
  const [a, b] = await Promise.all(['a', 'b'].map((name) => httpUpstream(t, (_req, res) => void res.end(name))));
  if (!a || !b) throw new Error('unreachable');
  const gateway = await gatewayTo(t, { servers: [a.url, 'http://127.0.0.1:1', b.url] });
  const answers: string[] = [];
  for (let i = 0; i < 12; i++) answers.push(parts(await ask(gateway, 'POST /s')).body);
  t.deepEqual([...new Set(answers)].sort(), ['a', 'b']);
  t.is(a.seen.length + b.seen.length, 12);
});

test('an upstream may listen on a socket of the file system', async (t) => {
  const path = join(tmpdir(), `gatehouse-proxied-${process.pid}.sock`);
  await listening(t, createHttpServer(okay), { path });
  t.is(parts(await ask(await gatewayTo(t, { servers: [`unix:${path}`] }))).body, 'ok');
});

test('an upstream may have a certificate that only its own authority vouches for', async (t) => {
  const port = await listening(t, createServer(SELF_SIGNED, okay), { port: 0, host: '127.0.0.1' });
  const servers = [`https://127.0.0.1:${port}`];
  t.is(parts(await ask(await gatewayTo(t, { servers, tls: { ca: SELF_SIGNED.cert } }))).body, 'ok');
  t.is(statusOf(await ask(await gatewayTo(t, { servers }))), 502);
});

test('HTTP/2 is not spoken, also where the group speaks it', async (t) => {
  const versions: string[] = [];
  const server = createSecureServer({ ...SELF_SIGNED, allowHTTP1: true }, (req, res) => {
    versions.push(req.httpVersion);
    res.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const servers = [`https://127.0.0.1:${(server.address() as AddressInfo).port}`];
  const group = { servers, http2: true, tls: { ca: SELF_SIGNED.cert } };
  t.is(statusOf(await ask(await gatewayTo(t, group))), 200);
  const { port } = await testGateway(t, {
    upstreams: { g: group },
    routes: [{ name: 's', path: '/s', upstream: 'g', auth: 'none' }],
  });
  t.is(statusOf(await rawExchange(port, requestText('GET /s', ['Connection: close']))), 200);
  t.deepEqual(versions, ['1.1', '2.0']);
});

test('a server that knows HTTP/2 alone is a 502', async (t) => {
  const server = createHttp2Server(() => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const servers = [`http://127.0.0.1:${(server.address() as AddressInfo).port}`];
  t.is(statusOf(await ask(await gatewayTo(t, { servers, http2: true }))), 502);
});

test('redirects of an upstream at an IPv6 address are rewritten too', async (t) => {
  const port = await listening(
    t,
    createHttpServer((req, res) => {
      res.writeHead(302, { Location: `http://${req.headers.host}/x` }).end();
    }),
    { port: 0, host: '::1' },
  );
  const gateway = await gatewayTo(t, { servers: [`http://[::1]:${port}`] }, { proxy: { autoRewrite: true } });
  t.deepEqual(valuesOf(await ask(gateway), 'location'), ['http://gateway.test/x']);
});

test('which pages may read an answer is decided by the gateway', async (t) => {
  const upstream = await httpUpstream(t, (_req, res) => {
    res.setHeader('Access-Control-Allow-Origin', '*').setHeader('Vary', 'Accept').end();
  });
  const origin = 'https://app.example.com';
  const gateway = await gatewayTo(t, { servers: [upstream.url] }, { cors: { origins: [origin] } });
  const answer = await ask(gateway, 'GET /s', [`Origin: ${origin}`]);
  t.deepEqual(valuesOf(answer, 'access-control-allow-origin'), [origin]);
  t.deepEqual(valuesOf(answer, 'vary'), ['Accept, Origin']);
});

test('an account is proven before anything is forwarded, and a WebSocket passes with its path rewritten', async (t) => {
  const upstream = await webSocketUpstream(t);
  const proxy = { pathRewrite: { '^/api/v1/s': '/chat' } };
  const routes = [{ name: 's', path: '/api/v1/s', upstream: upstream.url, proxy }];
  const gateway = await testGateway(t, { routes });
  t.is(statusOf(await ask(gateway, 'GET /api/v1/s')), 401);
  const socket = await webSocketTo(t, `${gateway.url}/api/v1/s/room?x`, { authorization: basic(ADA) });
  t.is((await echoed(socket, 'hello')).data.toString(), 'hello');
  t.deepEqual(
    upstream.seen.map((seen) => [seen.url, seen.values('x-user-id')]),
    [['/chat/room?x', ['1']]],
  );
});
