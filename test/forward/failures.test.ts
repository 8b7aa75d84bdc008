import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { LogLine } from '../lab/gateways/gateway.ts';
import { SELF_SIGNED } from '../lab/upstreams/self-signed.ts';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import {
  forwardingGateway,
  overAll,
  overOthers,
  parts,
  requestText,
  type Transport,
  valuesOf,
} from '../support/gateways/forwarding.ts';
import { blackhole } from '../support/http/blackhole.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const GET = requestText('GET /s', ['Connection: close']);
/** Longer than a busy machine takes for what comes before the silence. */
const IDLE = '2s';

/** Runs when the head of a request has come in. */
function onRequest(t: ExecutionContext, answer: (socket: Socket) => void) {
  return tcpUpstream(t, (socket) => void socket.once('data', () => answer(socket)));
}

function ofRequest({ route }: LogLine): boolean {
  return route === 's';
}

interface Expected {
  readonly status: 502 | 504;
  readonly detail: Detail;
}

/** How the transport calls it; where there is one word, all use it. */
type Detail = RegExp | Readonly<Record<Transport, RegExp>>;

function detailOver(over: Transport, detail: Detail): RegExp {
  return detail instanceof RegExp ? detail : detail[over];
}

function apart(direct: RegExp, undici: RegExp, node: RegExp): Detail {
  return { direct, undici, 'http-proxy-middleware': node };
}

const CLOSED = apart(/ERR_UPSTREAM_CLOSED/, /UND_ERR_SOCKET/, /ECONNRESET/);

const MESSAGES = {
  502: { error: 'bad_gateway', message: 'The upstream did not give a valid answer' },
  504: { error: 'gateway_timeout', message: 'The upstream did not answer in time' },
} as const;

async function refused(
  t: ExecutionContext,
  over: Transport,
  upstream: { url: string },
  { status, detail }: Expected,
  timeouts = {},
) {
  const gateway = await forwardingGateway(t, upstream, timeouts, over);
  const answer = await rawExchange(gateway.port, GET);
  t.is(statusOf(answer), status);
  t.deepEqual(JSON.parse(parts(answer).body), MESSAGES[status]);
  t.deepEqual(valuesOf(answer, 'content-type'), ['application/json']);
  const line = await gateway.logged(ofRequest);
  t.is(valuesOf(answer, 'x-request-id')[0], line.id as string);
  t.is(line.status, status);
  t.is(line.fault, 'upstream');
  t.is(line.error, MESSAGES[status].error);
  t.is(line.upstream, upstream.url);
  t.regex(line.detail as string, detailOver(over, detail));
  t.false(answer.includes('127.0.0.1'), 'the answer names no address');
}

overAll('an upstream that refuses connections is a 502', async (t, over) => {
  const gone = await tcpUpstream(t, () => {});
  await refused(t, over, { url: gone.url.replace(/\d+$/, '1') }, { status: 502, detail: /ECONNREFUSED/ });
});

overAll('an upstream that does not take the connection is a 504 after `timeouts.connect`', async (t, over) => {
  await refused(t, over, await blackhole(t), { status: 504, detail: /UND_ERR_CONNECT_TIMEOUT/ }, { connect: '400ms' });
});

overAll(
  'an upstream that takes the connection and never answers is a 504 after `timeouts.firstByte`',
  async (t, over) => {
    let ended = false;
    const upstream = await onRequest(t, (socket) => {
      socket.once('close', () => {
        ended = true;
      });
    });
    await refused(
      t,
      over,
      upstream,
      { status: 504, detail: apart(/no answer within 400 ms/, /UND_ERR_HEADERS_TIMEOUT/, /no answer within 400 ms/) },
      { firstByte: '400ms' },
    );
    await holds('the connection to the upstream ends', () => ended);
  },
);

for (const [title, answer, detail] of [
  ['resets before the head', (socket: Socket) => socket.resetAndDestroy(), /ERR_UPSTREAM_RESET/],
  ['closes before the head', (socket: Socket) => socket.end(), CLOSED],
  ['closes in the middle of the head', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-'), CLOSED],
  [
    'answers what is no HTTP',
    (socket: Socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n'),
    apart(/no HTTP\/1 status line/, /does not match the HTTP\/1\.1 protocol/, /HPE_INVALID/),
  ],
  ['answers with a status below 100', (socket: Socket) => socket.write('HTTP/1.1 099 Low\r\n\r\n'), /./],
  [
    'answers with a length and chunks',
    (socket: Socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
    apart(/both Transfer-Encoding and Content-Length/, /CONTENT_LENGTH_MISMATCH/, /HPE_/),
  ],
  [
    'answers with two lengths',
    (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'),
    apart(/Content-Length is repeated/, /CONTENT_LENGTH_MISMATCH/, /HPE_/),
  ],
  [
    'answers with a head beyond the limit',
    (socket: Socket) => socket.write(`HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`),
    apart(/head of the answer is longer than 16384 bytes/, /UND_ERR_HEADERS_OVERFLOW/, /HPE_HEADER_OVERFLOW/),
  ],
  [
    'answers with a NUL in a field',
    (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nX-A: 1\0\r\nContent-Length: 0\r\n\r\n'),
    apart(/field line is malformed/, /does not match the HTTP\/1\.1 protocol/, /HPE_INVALID/),
  ],
] as const) {
  overAll(`an upstream that ${title} is a 502`, async (t, over) => {
    await refused(t, over, await onRequest(t, answer), { status: 502, detail });
  });
}

overAll('an upstream with a certificate that nobody vouches for is a 502', async (t, over) => {
  const server = createServer(SELF_SIGNED, (_req, res) => void res.end('secret'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await refused(t, over, { url }, { status: 502, detail: /DEPTH_ZERO_SELF_SIGNED_CERT/ });
});

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';
const SHORT = 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello';
const TO_THE_END = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello';

for (const [title, begin, finish, detail] of [
  ['resets in the middle of its chunks', CHUNKED, 'resetAndDestroy', /ERR_UPSTREAM_RESET/],
  ['closes in the middle of its chunks', CHUNKED, 'end', CLOSED],
  ['resets in the middle of its length', SHORT, 'resetAndDestroy', /ERR_UPSTREAM_RESET/],
  ['closes in the middle of its length', SHORT, 'end', CLOSED],
  ['resets an answer that its end would delimit', TO_THE_END, 'resetAndDestroy', /ERR_UPSTREAM_RESET/],
  [
    'falls silent in the middle of its answer',
    CHUNKED,
    null,
    apart(/answer stopped for 2000 ms/, /UND_ERR_BODY_TIMEOUT/, /nothing for 2000 ms/),
  ],
] as const) {
  for (const [version, runOver] of [
    ['1.1', overAll],
    ['1.0', overOthers],
  ] as const) {
    runOver(`when an upstream ${title}, the answer looks truncated to a client of HTTP/${version}`, async (t, over) => {
      let upstreamSocket: Socket | undefined;
      const upstream = await onRequest(t, (socket) => {
        upstreamSocket = socket;
        socket.write(begin);
      });
      const gateway = await forwardingGateway(t, upstream, finish === null ? { idle: IDLE } : {}, over);
      const client = await rawClient(gateway.port);
      client.send(version === '1.1' ? GET : 'GET /s HTTP/1.0\r\n\r\n');
      const begun = await client.until(/hello/);
      if (finish !== null) upstreamSocket?.[finish]();
      const whole = await client.ended();
      t.is(statusOf(whole), 200);
      t.is(whole.trimEnd(), begun.trimEnd(), 'nothing is added, least of all a last chunk or an error');
      if (version === '1.0') t.is(await client.ending(), 'ECONNRESET');
      const line = await gateway.logged(ofRequest);
      t.is(line.status, 200);
      t.is(line.fault, 'upstream');
      t.regex(line.detail as string, detailOver(over, detail));
      await holds('the connection to the upstream ends', () => upstreamSocket?.destroyed === true);
    });
  }
}

overAll('what an upstream sends beyond its length goes to nobody', async (t, over) => {
  let connections = 0;
  const upstream = await onRequest(t, (socket) => {
    connections++;
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged');
  });
  const gateway = await forwardingGateway(t, upstream, {}, over);
  for (const _ of [1, 2, 3]) {
    const answer = await rawExchange(gateway.port, GET);
    // Bytes that arrive together with the answer make it ambiguous.
    if (over === 'direct') t.is(statusOf(answer), 502);
    else t.is(parts(answer).body, 'hello');
    t.false(answer.includes('forged'));
  }
  t.is(connections, 3);
});

for (const [framing, runOver] of [
  ['Content-Length: 100', overAll],
  ['Transfer-Encoding: chunked', overOthers],
] as const) {
  runOver(`a client that stops sending its body is a 408, and the upstream is let go (${framing})`, async (t, over) => {
    const sockets: Socket[] = [];
    const upstream = await tcpUpstream(t, (socket) => {
      sockets.push(socket);
      socket.resume();
    });
    const gateway = await forwardingGateway(t, upstream, { idle: IDLE }, over);
    const client = await rawClient(gateway.port);
    client.send(requestText('POST /s', [framing], '5\r\nhello\r\n'));
    const answer = await client.until(/}\s*$/);
    t.is(statusOf(answer), 408);
    t.is(JSON.parse(parts(answer).body).error, 'request_timeout');
    t.deepEqual(valuesOf(answer, 'connection'), ['close']);
    const line = await gateway.logged(ofRequest);
    t.is(line.fault, 'client');
    t.is(line.detail, 'the client stopped sending its request body');
    await holds('the connection to the upstream ends', () => sockets.length === 1 && sockets[0]?.destroyed === true);
  });
}
