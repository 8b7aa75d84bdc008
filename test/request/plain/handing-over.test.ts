import type { IncomingMessage } from 'node:http';
import test from 'ava';
import { ADA, basic, testGateway } from '../../lab/gateways/gateway.ts';
import { fileScope, type Scope } from '../../lab/scope.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { requestText } from '../../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { webSocketUpstream } from '../../support/http/websocket.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const AS_ADA = `Authorization: ${basic(ADA)}`;
const CLOSE = 'Connection: close';

/** A gateway to an upstream that answers with the method, the target and the body. */
async function place(t: Scope) {
  const upstream = await httpUpstream(
    t,
    async (req, res) => void res.end(`<${req.method} ${req.url} ${await bodyOf(req)}>`),
  );
  const gateway = await testGateway(t, {
    routes: [
      { name: 's', path: '/s', upstream: upstream.url, auth: 'none' },
      { name: 'o', path: '/api/v1/o', upstream: upstream.url },
      { name: 'shared', path: '/shared', upstream: upstream.url, auth: 'none', cors: { origins: '*' } },
      { name: 'proxied', path: '/proxied', upstream: upstream.url, auth: 'none', proxy: {} },
    ],
  });
  return { upstream, gateway };
}

const scope = fileScope();
let started: ReturnType<typeof place> | undefined;

/** The same for all tests that only ask. */
function shared(): ReturnType<typeof place> {
  started ??= place(scope);
  return started;
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  let body = '';
  for await (const piece of req.setEncoding('latin1')) body += piece;
  return body;
}

/** Requests that are not plain, and what their answers match. Each ends its connection. */
const OTHERS: Readonly<Record<string, readonly [string, RegExp]>> = {
  'a chunked body': [
    requestText('POST /s?2', ['Transfer-Encoding: chunked', CLOSE], '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'),
    / 200 OK\r\n[\s\S]*<POST \/s\?2 hello>/,
  ],
  'an expectation': [
    requestText('POST /s?2', ['Content-Length: 5', 'Expect: 100-continue', CLOSE], 'hello'),
    /100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*<POST \/s\?2 hello>/,
  ],
  OPTIONS: [requestText('OPTIONS /s?2', [CLOSE]), /<OPTIONS \/s\?2 >/],
  'OPTIONS *': [requestText('OPTIONS *', [CLOSE]), / 204 /],
  'HTTP/1.0': ['GET /s?2 HTTP/1.0\r\nHost: a\r\n\r\n', /<GET \/s\?2 >$/],
  'an offer of another protocol': [requestText('GET /s?2', ['Upgrade: h2c', CLOSE]), /<GET \/s\?2 >/],
  'an absolute target': [requestText('GET http://a/s?2', [CLOSE]).replace('gateway.test', 'a'), /<GET \/s\?2 >/],
  'the token API': [requestText('GET /api/v1/tokens/', [AS_ADA, CLOSE]), /\{"tokens":\[\]/],
  'a route with CORS': [
    requestText('GET /shared', ['Origin: https://a.example', CLOSE]),
    /Access-Control-Allow-Origin: \*[\s\S]*<GET \/shared >/i,
  ],
  'a route with a proxy': [requestText('GET /proxied', [CLOSE]), /<GET \/proxied >/],
  'no route': [requestText('GET /nowhere', [CLOSE]), / 404 Not Found\r\n[\s\S]*"not_found"/],
  'a target that is refused': [requestText('GET /s/../x', [CLOSE]), / 400 Bad Request\r\n[\s\S]*"bad_request"/],
  CONNECT: [requestText('CONNECT a:80'), / 405 /],
  'a folded field': [requestText('GET /s', ['X: a\r\n b']), / 400 /],
  'a space before the colon': [requestText('GET /s', ['X : a']), / 400 /],
  'two lengths': [requestText('POST /s', ['Content-Length: 1', 'Content-Length: 1'], 'x'), / 400 /],
  'a coding and a length': [
    requestText('POST /s', ['Content-Length: 1', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    / 400 /,
  ],
  'a bare line feed': ['GET /s HTTP/1.1\nHost: a\n\n', / 400 /],
  'no Host': ['GET /s HTTP/1.1\r\nConnection: close\r\n\r\n', / 400 /],
  'bytes that are no HTTP': ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', / 400 /],
  'a head beyond the limit': [requestText('GET /s', [`X: ${'x'.repeat(20_000)}`]), / 431 /],
};

for (const [at, [name, [request, expected]]] of Object.entries(OTHERS).entries()) {
  test(`after plain requests, one with ${name} is answered as ever`, async (t) => {
    const { gateway, upstream } = await shared();
    const alone = await rawExchange(gateway.port, request);
    t.regex(alone, expected);

    const client = await rawClient(gateway.port);
    for (const round of [1, 2]) {
      client.send(requestText(`POST /s?1&${at}&${round}`, ['Content-Length: 3'], 'abc'));
      await client.until(new RegExp(`<POST /s\\?1&${at}&${round} abc>$`));
    }
    const before = client.received().length;
    client.send(request);
    t.is(likeness((await client.ended()).slice(before)), likeness(alone));
    t.is(upstream.seen.filter(({ url }) => url.startsWith(`/s?1&${at}&`)).length, 2);
  });

  test(`sent ahead behind plain requests, one with ${name} is answered as ever, and after them`, async (t) => {
    const { gateway } = await shared();
    const alone = await rawExchange(gateway.port, request);
    const first = requestText('GET /s?1', [], '') + requestText('POST /s?1', ['Content-Length: 3'], 'abc');
    for (const cut of [first.length, first.length + 1, first.length + Math.ceil(request.length / 2)]) {
      const client = await rawClient(gateway.port);
      const whole = first + request;
      client.send(whole.slice(0, cut));
      await client.until(/<POST \/s\?1 abc>/);
      client.send(whole.slice(cut));
      const [, , after] = /<GET \/s\?1 >([\s\S]*?)<POST \/s\?1 abc>([\s\S]*)$/.exec(await client.ended()) ?? [];
      t.is(likeness(after ?? ''), likeness(alone), String(cut));
    }
    const answers = await rawExchange(gateway.port, first + request);
    t.true(likeness(answers).endsWith(likeness(alone)));
    t.is(answers.match(/<GET \/s\?1 >[\s\S]*<POST \/s\?1 abc>/g)?.length, 1);
  });
}

/** An answer without what differs from one to the next. */
function likeness(answer: string): string {
  return answer.replace(/^(?:date|x-request-id|traceparent): .*\r\n/gim, '');
}

test('after a plain request, and ahead behind one, a WebSocket opens', async (t) => {
  const sockets = await webSocketUpstream(t);
  const plain = await httpUpstream(t);
  const gateway = await testGateway(t, {
    routes: [
      { name: 'ws', path: '/ws', upstream: sockets.url, auth: 'none' },
      { name: 's', path: '/s', upstream: plain.url, auth: 'none' },
    ],
  });
  const handshake = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  const request = requestText('GET /ws', [...handshake, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']);
  for (const isAhead of [false, true]) {
    const client = await rawClient(gateway.port);
    client.send(requestText('GET /s') + (isAhead ? request : ''));
    await client.until(/"userId":null\}/);
    if (!isAhead) client.send(request);
    await client.until(/HTTP\/1\.1 101 /);
    client.socket.destroy();
  }
  t.is(sockets.sockets.length, 2);
});

test('what follows a request that is not plain stays with the HTTP server of Node, in order', async (t) => {
  const { gateway } = await shared();
  const chunked = requestText('POST /s?2', ['Transfer-Encoding: chunked'], '2\r\nhi\r\n0\r\n\r\n');
  const answers = await rawExchange(
    gateway.port,
    requestText('GET /s?1') + chunked + requestText('GET /s?3') + chunked + requestText('GET /s?5', [CLOSE]),
  );
  t.deepEqual(answers.match(/<.*?>/g), [
    '<GET /s?1 >',
    '<POST /s?2 hi>',
    '<GET /s?3 >',
    '<POST /s?2 hi>',
    '<GET /s?5 >',
  ]);
});

test('a request that comes byte by byte, which Node then reads, is answered, and so is the next', async (t) => {
  const { gateway } = await shared();
  const client = await rawClient(gateway.port);
  client.socket.setNoDelay(true);
  for (const byte of requestText('POST /s?1', ['Content-Length: 3'], 'abc')) {
    client.send(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await client.until(/<POST \/s\?1 abc>$/);
  client.send(requestText('GET /s?2', [CLOSE]));
  t.regex(await client.ended(), /<GET \/s\?2 >$/);
});

test('with `listen.fastPath: false`, every request is for the HTTP server of Node', async (t) => {
  for (const fastPath of [true, false]) {
    const upstream = await httpUpstream(t);
    const gateway = await testGateway(t, {
      listen: { fastPath },
      routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }],
    });
    // Node's server cuts a client that sends more than a hundred requests ahead; a plain connection is read no faster.
    const client = await rawClient(gateway.port);
    client.send(requestText('GET /s').repeat(150) + requestText('GET /s', [CLOSE]));
    const answers = (await client.ended()).match(/HTTP\/1\.1 200 /g)?.length ?? 0;
    client.socket.destroy();
    if (fastPath) t.is(answers, 151);
    else t.true(answers < 151, String(answers));
    t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s', [CLOSE]))), 200);
  }
});
