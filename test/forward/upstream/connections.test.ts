import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { httpUpstream, tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { overAll, requestText, valuesOf } from '../../support/gateways/forwarding.ts';
import { groupGateway } from '../../support/gateways/group.ts';
import { rawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { echoed, HANDSHAKE, webSocketTo, webSocketUpstream } from '../../support/http/websocket.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';
import { http2Upstream } from '../../support/upstreams/http2-upstream.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const GET = requestText('GET /s', ['Connection: close']);
const NEVER = '2m';

/** A server that answers when it is told to, and knows how many connections it has had at a time. */
async function holding(t: ExecutionContext) {
  const held: ServerResponse[] = [];
  const sockets = new Set<Socket>();
  const counts = { most: 0 };
  const upstream = await httpUpstream(t, (req, res) => {
    if (!sockets.has(req.socket)) {
      sockets.add(req.socket);
      req.socket.once('close', () => sockets.delete(req.socket));
      counts.most = Math.max(counts.most, sockets.size);
    }
    req.resume();
    held.push(res);
  });
  return { ...upstream, held, counts };
}

overAll('a server has no more connections than it may have, and all requests are answered in turn', async (t, over) => {
  const upstream = await holding(t);
  const group = { servers: [upstream.url], connections: 2, connectionWait: NEVER };
  const gateway = await groupGateway(t, group, { over });
  const answers = Array.from({ length: 12 }, (_, i) =>
    rawExchange(
      gateway.port,
      i % 2 === 0 ? GET : requestText('POST /s', ['Content-Length: 2', 'Connection: close'], 'hi'),
    ),
  );
  for (let i = 0; i < 12; i++) {
    await holds('a request has come', () => upstream.held.length > 0);
    // One in three ends its connection.
    const res = upstream.held.shift();
    if (i % 3 === 0) res?.setHeader('Connection', 'close');
    res?.end('ok');
  }
  t.deepEqual((await Promise.all(answers)).map(statusOf), Array(12).fill(200));
  t.true(upstream.counts.most <= 2, String(upstream.counts.most));
});

test('requests that go to a server in different ways share its connections: a free one makes room', async (t) => {
  const open = new Set<Socket>();
  const upstream = await httpUpstream(t, (req, res) => {
    if (!open.has(req.socket)) {
      open.add(req.socket);
      req.socket.once('close', () => open.delete(req.socket));
    }
    req.resume();
    res.end('ok');
  });
  const gateway = await groupGateway(t, { servers: [upstream.url], connections: 2 });
  // Plain requests, and such that Node's HTTP server and undici serve.
  for (const method of ['GET', 'OPTIONS', 'GET', 'OPTIONS', 'OPTIONS', 'GET']) {
    const answers = await Promise.all(
      [1, 2].map(() => rawExchange(gateway.port, requestText(`${method} /s`, ['Connection: close']))),
    );
    t.deepEqual(answers.map(statusOf), [200, 200]);
    // Sooner than a free connection is closed by itself, which is after 4 s.
    await holds('the connections of the other way are closed', () => open.size <= 2, 2_000);
  }
});

overAll(
  'who waits too long for a connection gets a 503 that blames the upstream, and ejects nobody',
  async (t, over) => {
    const upstream = await holding(t);
    const group = { servers: [upstream.url], connections: 1, connectionWait: '200ms', eject: { failures: 1 } };
    const gateway = await groupGateway(t, group, { over });
    const first = rawExchange(gateway.port, GET);
    await holds('the first one is there', () => upstream.held.length === 1);
    const answer = await rawExchange(gateway.port, GET);
    t.is(statusOf(answer), 503);
    t.deepEqual(valuesOf(answer, 'retry-after'), ['1']);
    const line = await gateway.logged(({ status }) => status === 503);
    t.is(line.fault, 'upstream');
    t.is(line.detail, 'all connections were in use for 200 ms');
    upstream.held.shift()?.end('ok');
    t.is(statusOf(await first), 200);
    t.false(gateway.log.some(({ msg }) => msg === 'upstream is ejected'));
    const next = rawExchange(gateway.port, GET);
    await holds('the next one is there', () => upstream.held.length === 1);
    upstream.held.shift()?.end('ok');
    t.is(statusOf(await next), 200);
  },
);

overAll('a client that leaves gives up its place, be it in the line or at the server', async (t, over) => {
  const upstream = await holding(t);
  const group = { servers: [upstream.url], connections: 1, connectionWait: NEVER };
  const gateway = await groupGateway(t, group, { over });
  const [leaving, waiting] = await Promise.all([rawClient(gateway.port), rawClient(gateway.port)]);
  leaving?.send(GET);
  await holds('the first one is there', () => upstream.held.length === 1);
  waiting?.send(GET);
  const last = rawExchange(gateway.port, GET);
  waiting?.socket.resetAndDestroy();
  await gateway.logged(({ error }) => error === 'client_closed');
  leaving?.socket.resetAndDestroy();
  await holds('the last one is there', () => upstream.held.length === 2);
  upstream.held[1]?.end('ok');
  t.is(statusOf(await last), 200);
});

overAll('a failed attempt gives up its place, and so do one that is tried again', async (t, over) => {
  let count = 0;
  const upstream = await tcpUpstream(t, (socket) => {
    socket.on('data', () => {
      count += 1;
      if (count % 2 === 1) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  const group = { servers: [upstream.url], connections: 1, connectionWait: NEVER, eject: { failures: 100 } };
  const gateway = await groupGateway(t, group, { over });
  const post = requestText('POST /s', ['Content-Length: 2', 'Connection: close'], 'hi');
  const statuses: number[] = [];
  for (const request of [GET, GET, post, post, GET]) statuses.push(statusOf(await rawExchange(gateway.port, request)));
  t.deepEqual(statuses, [200, 200, 502, 200, 200]);
});

test('where one server is full, another gets the request', async (t) => {
  const [one, other] = await Promise.all([holding(t), holding(t)]);
  const gateway = await groupGateway(t, { servers: [one.url, other.url], connections: 1, connectionWait: NEVER });
  const answers = Array.from({ length: 3 }, () => rawExchange(gateway.port, GET));
  await holds('each has one', () => one.held.length === 1 && other.held.length === 1);
  other.held.shift()?.end('ok');
  await holds('the third one goes where there is room', () => other.held.length === 1);
  other.held.shift()?.end('ok');
  one.held.shift()?.end('ok');
  t.deepEqual((await Promise.all(answers)).map(statusOf), [200, 200, 200]);
});

test('an open WebSocket has its place until it closes, and a handshake waits like a request', async (t) => {
  const upstream = await webSocketUpstream(t);
  const gateway = await groupGateway(t, { servers: [upstream.url], connections: 1, connectionWait: '2s' });
  const socket = await webSocketTo(t, `${gateway.url}/s`);
  for (const request of [GET, requestText('GET /s', HANDSHAKE)]) {
    const answer = await rawExchange(gateway.port, request);
    t.is(statusOf(answer), 503);
    t.deepEqual(valuesOf(answer, 'retry-after'), ['1']);
  }
  t.is(upstream.seen.length, 1);
  const closed = once(socket, 'close');
  socket.close();
  await closed;
  const next = await webSocketTo(t, `${gateway.url}/s`);
  t.is(String((await echoed(next, 'here')).data), 'here');
});

test('over HTTP/2, a connection has a hundred places', async (t) => {
  let streams = 0;
  const upstream = await http2Upstream(t, 'http', () => {
    streams += 1;
  });
  const gateway = await groupGateway(t, {
    servers: [upstream.url],
    http2: true,
    connections: 1,
    connectionWait: '2s',
  });
  const clients = await Promise.all(Array.from({ length: 100 }, () => rawClient(gateway.port)));
  for (const client of clients) client.send(GET);
  await holds('all are there', () => streams === 100);
  t.is(statusOf(await rawExchange(gateway.port, GET)), 503);
  t.is(upstream.sessions.length, 1);
  for (const { socket } of clients) socket.destroy();
});
