import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { type LogLine, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, tcpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import {
  listenOver,
  overAll,
  overOthers,
  PATIENT,
  parts,
  requestText,
  routeOver,
  type Transport,
} from '../support/gateways/forwarding.ts';
import { withLongerDeadlines } from '../support/gateways/longer-deadlines.ts';
import { pump, settled } from '../support/http/pumping.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const CLOSE = ['Connection: close'];
const BEGUN = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** A gateway with the open route `/s`, whose own deadlines are given, and `/other`, which has those of all. */
function gatewayWith(
  t: ExecutionContext,
  upstream: { readonly url: string },
  own: Record<string, string>,
  { transport = 'undici', all = {} }: { transport?: Transport; all?: Record<string, string> } = {},
) {
  const common = { upstream: upstream.url, auth: 'none', ...routeOver(transport) };
  return testGateway(t, {
    listen: listenOver(transport),
    routes: [
      { name: 's', path: '/s', ...common, timeouts: own },
      { name: 'other', path: '/other', ...common },
    ],
    timeouts: { ...PATIENT, ...all },
  });
}

function ofRequest({ route }: LogLine): boolean {
  return route === 's';
}

/** Takes connections, does with each what the test says, and remembers it. */
async function watched(t: ExecutionContext, onConnection: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const upstream = await tcpUpstream(t, (socket) => {
    sockets.push(socket);
    onConnection(socket);
  });
  const isLetGo = () => sockets.length > 0 && sockets.every(({ destroyed }) => destroyed);
  return { ...upstream, sockets, isLetGo };
}

/** Bytes that wait at the connections of this process's servers to one port. The result is a function of the port. */
function waitingBytes(t: ExecutionContext): (port: number) => number {
  const sockets: Socket[] = [];
  const onSocket = (message: unknown) => void sockets.push((message as { readonly socket: Socket }).socket);
  subscribe('net.server.socket', onSocket);
  t.teardown(() => unsubscribe('net.server.socket', onSocket));
  return (port) => {
    const own = sockets.filter(({ localPort }) => localPort === port);
    return own.reduce((sum, { writableLength }) => sum + writableLength, 0);
  };
}

/** Writes a text again and again, until the connection is gone. */
function drip(socket: Socket, text: string, milliseconds: number): void {
  const timer = setInterval(() => socket.write(text), milliseconds);
  socket.once('close', () => clearInterval(timer));
}

overAll(
  'an upstream that takes the connection and never speaks TLS is a 504 after `timeouts.connect`',
  async (t, over) => {
    const silent = await watched(t, (socket) => void socket.resume());
    const url = silent.url.replace('http:', 'https:');
    const gateway = await gatewayWith(t, { url }, {}, { transport: over, all: { connect: '300ms' } });
    t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s', CLOSE))), 504);
    const line = await gateway.logged(ofRequest);
    t.is(line.fault, 'upstream');
    await holds('the connection ends', silent.isLetGo);
  },
);

overAll('an upstream that sends its head byte by byte is a 504 after the `firstByte` of the route', async (t, over) => {
  const upstream = await watched(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nX-Slow: ');
      drip(socket, 'x', 50);
    });
  });
  const gateway = await gatewayWith(t, upstream, { firstByte: '300ms' }, { transport: over });
  t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s', CLOSE))), 504);
  t.is((await gateway.logged(ofRequest)).fault, 'upstream');
  await holds('the upstream is let go', upstream.isLetGo);
});

overAll('an upstream that never answers is a 504 after the `request` of the route', async (t, over) => {
  const upstream = await watched(t, (socket) => void socket.resume());
  const gateway = await gatewayWith(t, upstream, { request: '300ms' }, { transport: over });
  const answer = await rawExchange(gateway.port, requestText('GET /s', CLOSE));
  t.is(statusOf(answer), 504);
  t.is(JSON.parse(parts(answer).body).error, 'gateway_timeout');
  const line = await gateway.logged(ofRequest);
  t.is(line.fault, 'upstream');
  t.is(line.detail, 'not done after 300 ms');
  await holds('the upstream is let go', upstream.isLetGo);
});

overAll('an answer that goes on beyond `request` is cut, and looks so', async (t, over) => {
  const upstream = await watched(t, (socket) => {
    socket.once('data', () => {
      socket.write(BEGUN);
      drip(socket, '1\r\nx\r\n', 50);
    });
  });
  await withLongerDeadlines(async (request) => {
    const gateway = await gatewayWith(t, upstream, { request }, { transport: over });
    const answer = await rawExchange(gateway.port, requestText('GET /s', CLOSE));
    if (statusOf(answer) === 504) return false;
    t.is(statusOf(answer), 200);
    t.notRegex(answer, /\r\n0\r\n\r\n$/);
    const line = await gateway.logged(ofRequest);
    t.is(line.fault, 'upstream');
    t.is(line.error, 'gateway_timeout');
    await holds('the upstream is let go', upstream.isLetGo);
    return true;
  });
});

overAll(
  'a client that sends its body in crumbs beyond `request` is a 408, and not the fault of the upstream',
  async (t, over) => {
    const upstream = await watched(t, (socket) => void socket.resume());
    const gateway = await gatewayWith(t, upstream, { request: '2s' }, { transport: over });
    const client = await rawClient(gateway.port);
    client.send(requestText('POST /s', ['Content-Length: 1000']));
    drip(client.socket, 'x', 50);
    const answer = await client.until(/}\s*$/);
    t.is(statusOf(answer), 408);
    const line = await gateway.logged(ofRequest);
    t.is(line.fault, 'client');
    t.is(line.error, 'request_timeout');
    await holds('the upstream is let go', upstream.isLetGo);
    client.socket.destroy();
  },
);

overAll('a client that does not read its answer within `request` is at fault', async (t, over) => {
  const upstream = await httpUpstream(t, (_req, res) => void res.end(Buffer.alloc(24 * 1024 * 1024)));
  await withLongerDeadlines(async (request) => {
    const gateway = await gatewayWith(t, upstream, { request }, { transport: over });
    const client = await rawClient(gateway.port);
    client.socket.pause();
    client.send(requestText('GET /s', CLOSE));
    const line = await gateway.logged(ofRequest);
    client.socket.destroy();
    if (line.fault === 'upstream') return false;
    t.is(line.fault, 'client');
    t.is(line.error, 'request_timeout');
    return true;
  });
});

test('with no `request`, an answer that trickles is not ended', async (t) => {
  const upstream = await watched(t, (socket) => {
    socket.once('data', () => {
      socket.write(BEGUN);
      drip(socket, '1\r\nx\r\n', 100);
    });
  });
  const gateway = await gatewayWith(t, upstream, {}, { all: { firstByte: '4s', idle: '4s' } });
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s'));
  t.is(statusOf(await client.until(/(?:1\r\nx\r\n){60}/)), 200);
  client.socket.destroy();
});

test('the `idle` of a route that is shorter than that of all ends an answer that the client does not read', async (t) => {
  const upstream = await httpUpstream(t, (_req, res) => void res.end(Buffer.alloc(24 * 1024 * 1024)));
  const gateway = await gatewayWith(t, upstream, { idle: '2s' });
  const client = await rawClient(gateway.port);
  client.socket.pause();
  client.send(requestText('GET /s', CLOSE));
  const line = await gateway.logged(ofRequest);
  t.is(line.fault, 'client');
  t.is(line.detail, 'the client stopped reading the answer');
  client.socket.destroy();
});

overAll(
  'a client that reads nothing of an answer that trickles is at fault after the `idle` of the route',
  async (t, over) => {
    const waiting = waitingBytes(t);
    const upstream = await watched(t, (socket) => {
      socket.once('data', async () => {
        socket.write(BEGUN);
        // As much as the client's connection takes, and no more: the gateway reads on.
        const piece = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
        while (waiting(gateway.port) === 0) {
          socket.write(piece);
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        drip(socket, '1\r\nx\r\n', 50);
      });
    });
    const gateway = await gatewayWith(t, upstream, { idle: '1s' }, { transport: over });
    const client = await rawClient(gateway.port);
    client.socket.pause();
    client.send(requestText('GET /s', CLOSE));
    t.like(await gateway.logged(ofRequest), { fault: 'client', detail: 'the client stopped reading the answer' });
    await holds('the upstream is let go', upstream.isLetGo);
    client.socket.destroy();
  },
);

test('the `idle` of a route that is longer than that of all lets a client read late, and the next route has its own', async (t) => {
  const first = 16 * 1024 * 1024;
  const upstream = await httpUpstream(
    t,
    (req, res) => void res.end(Buffer.alloc(req.url === '/s' ? first : 4 * first)),
  );
  const gateway = await gatewayWith(t, upstream, { idle: '30s' }, { all: { idle: '1s' } });
  const late = await rawClient(gateway.port);
  late.socket.pause();
  // The second is sent ahead, so that Node sets nothing between the two.
  late.send(requestText('GET /s') + requestText('GET /other'));
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  late.socket.on('data', () => {
    if (late.received().length > first + 1_000) late.socket.pause();
  });
  late.socket.resume();
  t.is((await gateway.logged(ofRequest)).fault, undefined);
  t.is((await gateway.logged(({ route }) => route === 'other')).fault, 'client');
  late.socket.destroy();
});

overOthers(
  'a malformed chunk in the middle of an upload lets the upstream go at once, whatever the client does',
  async (t, over) => {
    const upstream = await watched(t, (socket) => void socket.resume());
    const gateway = await gatewayWith(t, upstream, {}, { transport: over });
    const client = await rawClient(gateway.port);
    client.send(requestText('POST /s', ['Transfer-Encoding: chunked'], '5\r\nhello\r\n'));
    await holds('the upstream has it', () => upstream.sockets.some(({ bytesRead }) => bytesRead > 0));
    client.socket.removeAllListeners('end');
    client.send('not a chunk\r\n');
    t.is(statusOf(await client.until(/}\s*$/)), 400);
    await holds('the upstream is let go', upstream.isLetGo, 3_000);
    client.socket.destroy();
    const line = await gateway.logged(ofRequest);
    t.is(line.fault, 'client');
    t.is(line.error, 'bad_request');
  },
);

overAll(
  'a client that leaves while the upstream holds its upload back is noticed after `firstByte` at the latest',
  async (t, over) => {
    const upstream = await watched(t, (socket) => void socket.pause());
    const gateway = await gatewayWith(t, upstream, { firstByte: '1500ms' }, { transport: over });
    const client = await rawClient(gateway.port);
    client.send(requestText('POST /s', ['Content-Length: 100000000']));
    const sent = pump(client.socket, 100_000_000);
    await settled(() => sent.written);
    t.false(sent.done);
    client.socket.resetAndDestroy();
    const line = await gateway.logged(ofRequest);
    t.true(['gateway_timeout', 'client_closed'].includes(String(line.error)));
    upstream.sockets[0]?.resume();
    await holds('the upstream is let go', upstream.isLetGo);
  },
);
