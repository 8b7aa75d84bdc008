import type { Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { ADA, BOB, basic, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, tcpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { stopwatch } from '../lab/waiting/stopwatch.ts';
import { PATIENT, parts, requestText, valuesOf } from '../support/gateways/forwarding.ts';
import { blackhole } from '../support/http/blackhole.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { echoed, HANDSHAKE, webSocketTo, webSocketUpstream } from '../support/http/websocket.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const BY_ADA = `Authorization: ${basic(ADA)}`;

/** Milliseconds: far less than every deadline here, so that nothing but the departure ends it. */
const SOON = 5_000;
/** For those tests in which they are what ends the handshake. */
const SHORT = { connect: '1s', firstByte: '300ms' };

function gatewayTo(t: ExecutionContext, upstream: { url: string }, timeouts: Partial<typeof PATIENT> = {}) {
  return testGateway(t, {
    routes: [
      { name: 'ws', path: '/api/v1/ws', upstream: upstream.url },
      { name: 'posts', path: '/api/v1/posts', methods: ['POST'], upstream: upstream.url },
    ],
    timeouts: { ...PATIENT, ...timeouts },
  });
}

for (const [title, line, fields, status, error] of [
  ['without credentials', 'GET /api/v1/ws', [], 401, 'unauthorized'],
  [
    'with a wrong password',
    'GET /api/v1/ws',
    [`Authorization: ${basic({ ...ADA, password: 'x' })}`],
    401,
    'unauthorized',
  ],
  ['with a wrong Bearer token', 'GET /api/v1/ws', ['Authorization: Bearer x'], 401, 'unauthorized'],
  ['with two Authorization lines', 'GET /api/v1/ws', [BY_ADA, BY_ADA], 400, 'bad_request'],
  ['of an unconfirmed account', 'GET /api/v1/ws', [`Authorization: ${basic(BOB)}`], 403, 'forbidden'],
  ['to no route', 'GET /api/v1/nothing', [BY_ADA], 404, 'not_found'],
  ['to a route that does not take GET', 'GET /api/v1/posts', [BY_ADA], 405, 'method_not_allowed'],
  ['to the token endpoint', 'GET /api/v1/tokens', [BY_ADA], 400, 'bad_request'],
  ['with a body', 'GET /api/v1/ws', [BY_ADA, 'Content-Length: 5'], 400, 'bad_request'],
  ['with a body in chunks', 'GET /api/v1/ws', [BY_ADA, 'Transfer-Encoding: chunked'], 400, 'bad_request'],
] as const) {
  test(`a handshake ${title} is answered with ${status} in JSON, and nothing reaches the upstream`, async (t) => {
    const upstream = await httpUpstream(t);
    const gateway = await gatewayTo(t, upstream);
    const answer = await rawExchange(gateway.port, requestText(line, [...HANDSHAKE, ...fields]));
    t.is(statusOf(answer), status);
    t.deepEqual(valuesOf(answer, 'content-type'), ['application/json']);
    t.deepEqual(valuesOf(answer, 'connection'), ['close']);
    t.is(JSON.parse(parts(answer).body).error, error);
    t.is(valuesOf(answer, 'www-authenticate').length > 0, status === 401);
    if (status === 405) t.deepEqual(valuesOf(answer, 'allow'), ['POST']);
    const logged = await gateway.logged(({ id }) => id === valuesOf(answer, 'x-request-id')[0]);
    t.is(logged.status, status);
    t.is(logged.fault, 'client');
    t.is(upstream.seen.length, 0);
  });
}

test('a handshake whose body never arrives is refused all the same, and its connection closed', async (t) => {
  const gateway = await gatewayTo(t, await httpUpstream(t));
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /api/v1/ws', [...HANDSHAKE, BY_ADA, 'Content-Length: 50'], 'part'));
  t.is(statusOf(await client.ended()), 400);
});

for (const framing of ['length', 'chunked'] as const) {
  test(`an upstream's refusal is passed on with its fields and its body (${framing})`, async (t) => {
    const upstream = await httpUpstream(t, (_req, res) => {
      res.writeHead(403, {
        'X-Why': 'full',
        ...(framing === 'length' ? { 'Content-Length': 12 } : { 'Transfer-Encoding': 'chunked' }),
      });
      res.end('room is full');
    });
    const gateway = await gatewayTo(t, upstream);
    const client = await rawClient(gateway.port);
    client.send(requestText('GET /api/v1/ws', [...HANDSHAKE, BY_ADA]));
    const answer = await client.ended();
    t.is(statusOf(answer), 403);
    t.deepEqual(valuesOf(answer, 'x-why'), ['full']);
    t.is(valuesOf(answer, 'x-request-id').length, 1);
    t.is(parts(answer).body, framing === 'length' ? 'room is full' : 'c\r\nroom is full\r\n0\r\n\r\n');
    const line = await gateway.logged(({ route }) => route === 'ws');
    t.is(line.status, 403);
    t.is(line.fault, undefined);
  });
}

test('a refused client that never closes its half does not keep the connection', async (t) => {
  const upstream = await httpUpstream(t, (_req, res) => void res.writeHead(403).end('no'));
  const gateway = await gatewayTo(t, upstream);
  const client = await rawClient(gateway.port);
  client.socket.removeAllListeners('end');
  client.send(requestText('GET /api/v1/ws', [...HANDSHAKE, BY_ADA]));
  await client.until(/no/);
  t.is((await gateway.logged(({ route }) => route === 'ws')).status, 403);
});

test('a refusal that stops in the middle is cut off', async (t) => {
  const upstream = await httpUpstream(t, (_req, res) => void res.writeHead(403, { 'Content-Length': 100 }).write('no'));
  const gateway = await gatewayTo(t, upstream, { idle: '2s' });
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /api/v1/ws', [...HANDSHAKE, BY_ADA]));
  t.regex(await client.ended(), /no$/);
});

for (const [title, answer, status, detail] of [
  ['never answers', null, 504, /no answer to the handshake within 300 ms/],
  ['resets', (socket: Socket) => void socket.resetAndDestroy(), 502, /ECONNRESET/],
  ['closes', (socket: Socket) => void socket.end(), 502, /ECONNRESET/],
  ['closes in the middle of its head', (socket: Socket) => void socket.end('HTTP/1.1 101 Swi'), 502, /./],
  ['answers what is no HTTP', (socket: Socket) => void socket.write('SSH-2.0\r\n'), 502, /HPE_/],
  [
    'says 101 without changing the protocol',
    (socket: Socket) => void socket.write('HTTP/1.1 101 Yes\r\n\r\n'),
    502,
    /101/,
  ],
] as const) {
  test(`an upstream that ${title} during the handshake is a ${status} whose body arrives`, async (t) => {
    const sockets: Socket[] = [];
    const upstream = await tcpUpstream(t, (socket) => {
      sockets.push(socket);
      socket.once('data', () => answer?.(socket));
    });
    const gateway = await gatewayTo(t, upstream, status === 504 ? SHORT : {});
    const taken = stopwatch();
    // With a first frame behind it, which the gateway has not read when it answers.
    const received = await rawExchange(
      gateway.port,
      requestText('GET /api/v1/ws', [...HANDSHAKE, BY_ADA], '\x81\x82\0\0\0\0hi'),
    );
    t.true(taken() < 5_000, `${taken()} ms`);
    t.is(statusOf(received), status);
    t.is(JSON.parse(parts(received).body).error, status === 502 ? 'bad_gateway' : 'gateway_timeout');
    const line = await gateway.logged(({ route }) => route === 'ws');
    t.is(line.status, status);
    t.is(line.fault, 'upstream');
    t.regex(line.detail as string, detail);
    await holds('the upstream is let go', () => sockets.every((socket) => socket.destroyed));
  });
}

test('an upstream that is down is a 502; one that takes no connection is a 504', async (t) => {
  const gone = await tcpUpstream(t, () => {});
  for (const [url, status] of [
    [gone.url.replace(/\d+$/, '1'), 502],
    [(await blackhole(t)).url, 504],
  ] as const) {
    const gateway = await gatewayTo(t, { url }, status === 504 ? SHORT : {});
    const answer = await rawExchange(gateway.port, requestText('GET /api/v1/ws', [...HANDSHAKE, BY_ADA]));
    t.is(statusOf(answer), status);
    t.is(typeof JSON.parse(parts(answer).body).message, 'string');
  }
});

for (const [how, leave] of [
  ['by a reset', (socket: Socket) => void socket.resetAndDestroy()],
  ['in order', (socket: Socket) => void socket.destroy()],
] as const) {
  test(`a client that leaves ${how} during the handshake ends the upstream's request at once`, async (t) => {
    const sockets: Socket[] = [];
    const upstream = await tcpUpstream(t, (socket) => {
      socket.resume();
      sockets.push(socket);
    });
    const gateway = await gatewayTo(t, upstream);
    const client = await rawClient(gateway.port);
    client.send(requestText('GET /api/v1/ws', [...HANDSHAKE, BY_ADA]));
    await holds('the upstream has it', () => sockets.length === 1);
    leave(client.socket);
    await holds('the upstream is let go', () => sockets[0]?.destroyed === true, SOON);
    const line = await gateway.logged(({ route }) => route === 'ws');
    t.is(line.status, 499);
    t.is(line.error, 'client_closed');
  });
}

test('an offer of another protocol is ignored: the request is an ordinary one', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await gatewayTo(t, upstream);
  for (const protocol of ['h2c', 'TLS/1.0', 'websocket, h2c']) {
    const fields = [
      'Connection: Upgrade, HTTP2-Settings, close',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
      `Upgrade: ${protocol}`,
    ];
    const answer = await rawExchange(gateway.port, requestText('GET /api/v1/ws', [BY_ADA, ...fields]));
    t.is(statusOf(answer), 200, protocol);
    t.deepEqual(JSON.parse(parts(answer).body), { url: '/api/v1/ws', userId: '1' });
  }
  for (const request of upstream.seen) {
    t.deepEqual(request.values('upgrade'), []);
    t.deepEqual(request.values('http2-settings'), []);
  }
});

for (const [name, timeouts] of Object.entries({ firstByte: { firstByte: '3s' }, request: { request: '3s' } })) {
  test(`the \`${name}\` of a route holds for its handshakes, not for those of others`, async (t) => {
    const upstream = await tcpUpstream(t, () => {});
    const gateway = await testGateway(t, {
      routes: [
        { name: 'short', path: '/short', upstream: upstream.url, auth: 'none', timeouts },
        { name: 'long', path: '/long', upstream: upstream.url, auth: 'none' },
      ],
      timeouts: PATIENT,
    });
    const long = await rawClient(gateway.port);
    long.send(requestText('GET /long', HANDSHAKE));
    const answer = await rawExchange(gateway.port, requestText('GET /short', HANDSHAKE));
    t.is(statusOf(answer), 504);
    const line = await gateway.logged(({ route }) => route === 'short');
    t.is(line.fault, 'upstream');
    t.regex(String(line.detail), /^no answer to the handshake within \d+ ms$/);
    t.is(long.received(), '');
    long.socket.destroy();
  });

  test(`the \`${name}\` of a route does not end a WebSocket that is open`, async (t) => {
    const upstream = await webSocketUpstream(t);
    const gateway = await testGateway(t, {
      routes: [{ name: 'short', path: '/short', upstream: upstream.url, auth: 'none', timeouts }],
      timeouts: PATIENT,
    });
    const socket = await webSocketTo(t, `${gateway.url}/short`);
    await new Promise((resolve) => setTimeout(resolve, 3_300));
    t.is(String((await echoed(socket, 'still there')).data), 'still there');
  });
}
