import { request } from 'node:http';
import test from 'ava';
import { ADA } from '../lab/gateways/gateway.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { authorization, bodyOf, fieldsOf, message } from './message.ts';
import { place, withLine } from './place.ts';

const LONG = 'a'.repeat(20_000);

const REFUSED: [line: string, status: number][] = [
  // More than one space, or another blank, between two parts; or around them.
  ...[
    ...[
      'GET  /open HTTP/1.1',
      'GET /open  HTTP/1.1',
      'GET   /open   HTTP/1.1',
      'GET /open HTTP/1.1 ',
      ' GET /open HTTP/1.1',
    ],
    ...[
      'GET\t/open HTTP/1.1',
      'GET /open\tHTTP/1.1',
      'GET \t/open HTTP/1.1',
      'GET /open HTTP/1.1\t',
      'GET /open\fHTTP/1.1',
    ],
    ...[
      'GET /open HTTP /1.1',
      'GET /open HTTP/ 1.1',
      'GET /open HTTP/1 .1',
      'GET /open /x HTTP/1.1',
      'GET /open HTTP/1.1 HTTP/1.1',
    ],
  ].map((line): [string, number] => [line, 400]),
  // Another protocol, also where the parser knows it; or no version of HTTP at all.
  ...[
    ...[
      'GET /open RTSP/1.0',
      'GET /open RTSP/1.1',
      'OPTIONS /open RTSP/1.0',
      'DESCRIBE /open RTSP/1.0',
      'SOURCE /open ICE/1.0',
    ],
    ...[
      'GET /open ICE/1.0',
      'GET /open http/1.1',
      'GET /open Http/1.1',
      'GET /open HTTPS/1.1',
      'GET /open HTTP/1',
      'GET /open HTTP/1.',
    ],
    ...[
      'GET /open HTTP/11',
      'GET /open HTTP/1.10',
      'GET /open HTTP/01.1',
      'GET /open HTTP/1.01',
      'GET /open HTTP/-1.1',
      'GET /open',
    ],
    ...[
      'GET /open HTTP/1.1a',
      'GET /open HTTP1.1',
      'GET /open SIP/2.0',
      'GET',
      'GET ',
      '/open HTTP/1.1',
      'GET HTTP/1.1',
      '(GET) /open HTTP/1.1',
    ],
  ].map((line): [string, number] => [line, 400]),
  // No line at all.
  ...['GET /open/\x01 HTTP/1.1', 'GET /open\0 HTTP/1.1', '\x16\x03\x01\x02\x00\x01\x00'].map(
    (line): [string, number] => [line, 400],
  ),
  // Half an empty line before it.
  ...['\nGET /open HTTP/1.1', '\rGET /open HTTP/1.1', '\r\r\nGET /open HTTP/1.1', '\r\n\nGET /open HTTP/1.1'].map(
    (line): [string, number] => [line, 400],
  ),
  ...['HTTP/2.0', 'HTTP/3.0', 'HTTP/0.9', 'HTTP/9.9', 'HTTP/2.1', 'HTTP/0.0'].map((version): [string, number] => [
    `GET /open ${version}`,
    505,
  ]),
  ['PRI * HTTP/2.0', 505],
  ['FOO /open HTTP/2.0', 505],
  ...['FOO', 'get', 'Get', 'GETT', 'GE', 'DESCRIBE', 'PLAY', 'X-NEW', "a!#$%&'*+-.^_`|~1", 'F'.repeat(40)].map(
    (method): [string, number] => [`${method} /open HTTP/1.1`, 501],
  ),
  [`FOO /api/v1/o HTTP/1.1`, 501],
  [`GET /${LONG} HTTP/1.1`, 414],
  [`GET /open?${LONG} HTTP/1.1`, 414],
  [`GET /api/v1/o/${LONG} HTTP/1.1`, 414],
  [`GET /${'a'.repeat(16_300)} HTTP/1.1\r\nX: ${'x'.repeat(500)}`, 414],
  [`GET /open HTTP/1.1\r\nX: ${LONG}`, 431],
];

/** The pieces that a sender could make of a request: in one, byte by byte, and cut in the middle of the line. */
const CUTS: [how: string, (text: string) => string[]][] = [
  ['in one piece', (text) => [text]],
  ['in two pieces', (text) => [text.slice(0, 9), text.slice(9)]],
  ['byte by byte', (text) => [...text.slice(0, 60), text.slice(60)]],
];

for (const [how, cut] of CUTS) {
  test(`a request line that is not exactly of the form of RFC 9112 is refused, ${how}`, async (t) => {
    const { gateway, upstream } = await place(t);
    await Promise.all(
      REFUSED.map(async ([line, status]) => {
        const client = await rawClient(gateway.port);
        client.socket.setNoDelay(true);
        for (const piece of cut(withLine(line))) {
          client.send(piece);
          await new Promise((resolve) => setImmediate(resolve));
        }
        const answer = await client.ended();
        client.socket.destroy();
        const shown = JSON.stringify(line.slice(0, 60));
        t.is(statusOf(answer), status, shown);
        t.is(answer.match(/HTTP\/1\.1 \d/g)?.length, 1, shown);
        t.deepEqual(fieldsOf(answer, 'Connection'), ['close'], shown);
        t.deepEqual(Object.keys(JSON.parse(bodyOf(answer))), ['error', 'message'], shown);
      }),
    );
    t.deepEqual(upstream.seen, []);
  });
}

test('a higher minor version of HTTP/1 is processed as 1.1', async (t) => {
  const { gateway, upstream } = await place(t);
  for (const version of ['1.2', '1.3', '1.9']) {
    for (const pieces of [1, 40]) {
      const client = await rawClient(gateway.port);
      const text = message(
        [`POST /open HTTP/${version}`, 'Host: a', 'Transfer-Encoding: chunked', 'Connection: close'],
        '2\r\nhi\r\n0\r\n\r\n',
      );
      for (const piece of pieces === 1 ? [text] : text) {
        client.send(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const answer = await client.ended();
      t.is(statusOf(answer), 200, version);
      t.regex(answer, /^HTTP\/1\.1 /);
    }
    t.is(statusOf(await rawExchange(gateway.port, message([`GET /open HTTP/${version}`, 'Connection: close']))), 400);
  }
  t.is(upstream.seen.length, 6);
});

test('TRACE is refused with 405 unless a route names it, and CONNECT everywhere', async (t) => {
  const { gateway, upstream } = await place(t);
  const all = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
  const cases: [string, string[], number, string?][] = [
    ['TRACE /open HTTP/1.1', [], 405, all],
    ['TRACE /read HTTP/1.1', [], 405, 'GET, HEAD'],
    ['TRACE /api/v1/o HTTP/1.1', [], 401],
    ['TRACE /api/v1/o HTTP/1.1', [authorization(ADA)], 405, all],
    ['CONNECT a:80 HTTP/1.1', [], 405, all],
    ['CONNECT 127.0.0.1:443 HTTP/1.1', [authorization(ADA)], 405, all],
    ['CONNECT /open HTTP/1.1', [], 405, all],
  ];
  for (const [line, fields, status, allow] of cases) {
    const answer = await rawExchange(gateway.port, withLine(line, ...fields));
    t.is(statusOf(answer), status, line);
    t.deepEqual(fieldsOf(answer, 'Allow'), allow === undefined ? [] : [allow], line);
  }
  t.deepEqual(upstream.seen, []);
  t.is(statusOf(await rawExchange(gateway.port, withLine('TRACE /traced HTTP/1.1'))), 200);
  t.deepEqual(
    upstream.seen.map(({ method, url }) => `${method} ${url}`),
    ['TRACE /traced'],
  );
});

test('OPTIONS of the server as a whole is answered to anybody, and reaches no upstream', async (t) => {
  const { gateway, upstream } = await place(t);
  for (const fields of [
    [],
    [authorization(ADA)],
    ['Origin: https://a.example', 'Access-Control-Request-Method: GET'],
  ]) {
    const answer = await rawExchange(gateway.port, withLine('OPTIONS * HTTP/1.1', ...fields));
    t.is(statusOf(answer), 204);
    t.deepEqual(fieldsOf(answer, 'Allow'), ['GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS']);
    t.is(fieldsOf(answer, 'X-Request-Id').length, 1);
    t.deepEqual(fieldsOf(answer, 'Content-Length'), []);
    t.is(bodyOf(answer), '');
  }
  for (const line of ['GET * HTTP/1.1', 'OPTIONS ** HTTP/1.1', 'OPTIONS *?x HTTP/1.1']) {
    t.is(statusOf(await rawExchange(gateway.port, withLine(line))), 400, line);
  }
  t.is(statusOf(await rawExchange(gateway.port, 'OPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n')), 400);
  t.deepEqual(upstream.seen, []);
});

test('a Content-Length that is not written as numbers are, and a second Content-Type, are refused', async (t) => {
  const { gateway, upstream } = await place(t);
  const post = (...fields: string[]) =>
    message(['POST /open HTTP/1.1', 'Host: a', ...fields, 'Connection: close'], 'hello');
  for (const length of ['05', '005', '0000000005', '00', '000', '9007199254740993', '010']) {
    t.is(statusOf(await rawExchange(gateway.port, post(`Content-Length: ${length}`))), 400, length);
  }
  const twice = [
    ['Content-Type: application/json', 'Content-Type: text/plain'],
    ['Content-Type: application/json', 'content-type: application/json'],
  ];
  for (const fields of twice) {
    t.is(statusOf(await rawExchange(gateway.port, post('Content-Length: 5', ...fields))), 400, fields.join());
  }
  t.deepEqual(upstream.seen, []);
});

test('an ordinary client notices nothing of how its requests are read', async (t) => {
  const { gateway, upstream } = await place(t);
  const body = 'x'.repeat(300_000);
  const status = await new Promise((resolve, reject) => {
    const req = request(`${gateway.url}/open`, { method: 'POST' }, (res) => resolve(res.resume().statusCode));
    req.on('error', reject);
    req.end(body);
  });
  t.is(status, 200);
  t.is(upstream.seen.length, 1);
});
