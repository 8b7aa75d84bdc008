import test, { type ExecutionContext } from 'ava';
import { ADA, testGateway } from '../lab/gateways/gateway.ts';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';
import { authorization, bodyOf, fieldsOf, message } from './message.ts';

const NUL = '\0';
const GOOD = ['Host: a', authorization(ADA), 'Connection: close'];

/** A gateway in front of an upstream that counts its connections, and answers each. */
async function countingPlace(t: ExecutionContext) {
  let connections = 0;
  const upstream = await tcpUpstream(t, (socket) => {
    connections++;
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  const gateway = await testGateway(t, { routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url }] });
  return { gateway, connections: () => connections };
}

/** Sends each request, and holds that it gets one answer of the gateway's own and never a connection to the upstream. */
async function allRefused(t: ExecutionContext, requests: readonly string[], status = 400): Promise<void> {
  const { gateway, connections } = await countingPlace(t);
  for (const request of requests) {
    const shown = JSON.stringify(request.replace(authorization(ADA), '…')).slice(0, 200);
    const answer = await rawExchange(gateway.port, request);
    t.is(statusOf(answer), status, shown);
    t.is(answer.match(/HTTP\/1\.1 /g)?.length, 1, shown);
    t.deepEqual(Object.keys(JSON.parse(bodyOf(answer))), ['error', 'message'], shown);
    t.deepEqual(fieldsOf(answer, 'Connection'), ['close'], shown);
    t.is(fieldsOf(answer, 'X-Request-Id').length, 1, shown);
    t.is(fieldsOf(answer, 'Content-Type')[0], 'application/json', shown);
  }
  t.is(connections(), 0);
  t.is(statusOf(await rawExchange(gateway.port, message(['GET /api/v1/o HTTP/1.1', ...GOOD]))), 200);
  t.is(connections(), 1);
}

function post(fields: readonly string[], body = '5\r\nhello\r\n0\r\n\r\n', version = '1.1'): string {
  return message([`POST /api/v1/o HTTP/${version}`, ...GOOD, ...fields], body);
}

test('a Transfer-Encoding other than one plain "chunked" is refused', async (t) => {
  const values = [
    ...['xchunked', 'chunkedx', 'gzip', 'identity', 'gzip, chunked', 'chunked, gzip', 'chunked, chunked', 'chunked,'],
    ...[
      ',chunked',
      'chunked;q=1',
      '"chunked"',
      'chunked\t, identity',
      '\vchunked',
      '\fchunked',
      'chunked\v',
      'chunk ed',
      '',
    ],
  ];
  await allRefused(t, [
    ...values.map((value) => post([`Transfer-Encoding: ${value}`])),
    post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']),
    post(['Transfer-Encoding: chunked', 'transfer-encoding: identity']),
    post(['Transfer-Encoding: identity', 'Transfer-Encoding: chunked']),
    post(['Transfer-Encoding : chunked']),
    post(['Transfer-Encoding\t: chunked']),
    post(['Transfer-Encoding:\r\n chunked']),
    post(['X: y\r\n Transfer-Encoding: chunked', 'Transfer-Encoding: x']),
  ]);
});

test('Transfer-Encoding together with Content-Length is refused, in either order', async (t) => {
  await allRefused(t, [
    post(['Transfer-Encoding: chunked', 'Content-Length: 5']),
    post(['Content-Length: 5', 'Transfer-Encoding: chunked']),
    post(['Content-Length: 0', 'Transfer-Encoding: chunked']),
    post(['Transfer-Encoding: identity', 'Content-Length: 5']),
  ]);
});

test('Transfer-Encoding in HTTP/1.0 is refused', async (t) => {
  await allRefused(t, [
    post(['Transfer-Encoding: chunked'], undefined, '1.0'),
    post(['Transfer-Encoding: chunked', 'Connection: keep-alive'], undefined, '1.0'),
  ]);
});

test('a Content-Length that is not one plain number is refused', async (t) => {
  const values = [
    '+5',
    '-5',
    '5, 5',
    '5,6',
    '0x5',
    '5.0',
    '5e0',
    '5 5',
    '"5"',
    '',
    'a',
    '5a',
    '99999999999999999999999',
    '5;',
  ];
  await allRefused(t, [
    ...values.map((value) => post([`Content-Length: ${value}`], 'hello')),
    post(['Content-Length: 5', 'Content-Length: 5'], 'hello'),
    post(['Content-Length: 5', 'content-length: 6'], 'hello!'),
    post(['Content-Length : 5'], 'hello'),
    post(['Content-Length: \v5'], 'hello'),
  ]);
});

test('chunks that are not of the form of RFC 9112 are refused', async (t) => {
  const bodies = [
    ...['g\r\nhello\r\n0\r\n\r\n', '-5\r\nhello\r\n0\r\n\r\n', '+5\r\nhello\r\n0\r\n\r\n', '0x5\r\nhello\r\n0\r\n\r\n'],
    ...[' 5\r\nhello\r\n0\r\n\r\n', '5 \r\nhello\r\n0\r\n\r\n', '5\nhello\r\n0\r\n\r\n', '5\rhello\r\n0\r\n\r\n'],
    ...['\r\nhello\r\n0\r\n\r\n', '5;\0\r\nhello\r\n0\r\n\r\n'],
    ...['fffffffffffffffff\r\nhello', '5;a\nb\r\nhello\r\n0\r\n\r\n'],
    // CVE-2026-2332 (Jetty): the line ends within the quotes of an extension.
    ...['5;a="b\r\nhello\r\n0\r\n\r\n', '5;a="\r\n0\r\n\r\nGET /api/v1/o HTTP/1.1\r\n\r\n"\r\nhello\r\n0\r\n\r\n'],
  ];
  await allRefused(
    t,
    bodies.map((body) => post(['Transfer-Encoding: chunked'], body)),
  );
});

// Over TLS it comes in several pieces, and the upstream may have been asked by then.
test('an extension of a chunk without an end is refused', async (t) => {
  const { gateway } = await countingPlace(t);
  const answer = await rawExchange(
    gateway.port,
    post(['Transfer-Encoding: chunked'], `5;${'x'.repeat(20_000)}\r\nhello`),
  );
  t.is(statusOf(answer), 400);
  t.is(answer.match(/HTTP\/1\.1 /g)?.length, 1);
});

test('a malformed chunk behind a good one is refused, and the upstream never gets the end of a body', async (t) => {
  let seen = '';
  const upstream = await tcpUpstream(t, (socket) => {
    socket.on('data', (bytes: Buffer) => {
      seen += bytes.toString('latin1');
    });
  });
  const gateway = await testGateway(t, { routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url }] });
  for (const rest of ['0\r\n\r\n', '!\r\n0\r\n\r\n', '\n0\r\n\r\n', '\r\n5 \r\nhello\r\n0\r\n\r\n']) {
    const answer = await rawExchange(gateway.port, post(['Transfer-Encoding: chunked'], `5\r\nhello${rest}`));
    t.is(statusOf(answer), 400, JSON.stringify(rest));
  }
  t.notRegex(seen, /\r\n0\r\n\r\n/);
});

test('bare line feeds, folded lines, stray spaces, NULs and lines that are no fields are refused', async (t) => {
  const start = 'GET /api/v1/o HTTP/1.1';
  const rest = GOOD.join('\r\n');
  await allRefused(t, [
    `${start}\n${GOOD.join('\n')}\n\n`,
    `${start}\r\nX: y\nZ: a\r\n${rest}\r\n\r\n`,
    `${start}\r\nX: y\rZ: a\r\n${rest}\r\n\r\n`,
    // CVE-2025-23167 (Node 20): a head that ends by CR LF CR.
    `${start}\r\n${rest}\r\n\rGET /api/v1/o HTTP/1.1\r\n${rest}\r\n\r\n`,
    `${start}\r\nX: y\r\n folded\r\n${rest}\r\n\r\n`,
    `${start}\r\nX: y\r\n\tfolded\r\n${rest}\r\n\r\n`,
    `${start}\r\n X: y\r\n${rest}\r\n\r\n`,
    ...[
      'X : y',
      'X\t: y',
      'X y: z',
      ': y',
      'X',
      'X\0: y',
      `X: y${NUL}z`,
      'X: \x01',
      'X: \x7f',
      'X\xe4: y',
      '(X): y',
      'X-User-Id\0: 2',
    ].map((line) => message([start, line, ...GOOD])),
  ]);
});

test('a head of more than 16 KB is refused with 431', async (t) => {
  await allRefused(
    t,
    [
      message(['GET /api/v1/o HTTP/1.1', ...GOOD, `X: ${'x'.repeat(17_000)}`]),
      message(['GET /api/v1/o HTTP/1.1', ...GOOD, ...Array.from({ length: 4_000 }, (_, i) => `X${i}: y`)]),
    ],
    431,
  );
});
