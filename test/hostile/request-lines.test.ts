import { request } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { ADA, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, type TestUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { authorization, bodyOf, fieldsOf, message } from './message.ts';

async function place(t: ExecutionContext): Promise<{ gateway: TestGateway; upstream: TestUpstream }> {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    routes: [
      { name: 'o', path: '/api/v1/o', upstream: upstream.url },
      { name: 'open', path: '/open', upstream: upstream.url, auth: 'none' },
      { name: 'traced', path: '/traced', upstream: upstream.url, auth: 'none', methods: ['GET', 'TRACE'] },
      { name: 'read', path: '/read', upstream: upstream.url, auth: 'none', methods: ['GET'] },
    ],
  });
  return { gateway, upstream };
}

function withLine(line: string, ...more: string[]): string {
  return message([line, 'Host: a', ...more, 'Connection: close']);
}

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

test('behind whole requests, with whatever body, a malformed line is refused in its turn and nothing of it is executed', async (t) => {
  const { gateway, upstream } = await place(t);
  const before: string[] = [
    message(['GET /open HTTP/1.1', 'Host: a']),
    message(['POST /open HTTP/1.1', 'Host: a', 'Content-Length: 5'], 'hello'),
    message(['POST /open HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
    // Blank lines in a body, and what looks like a good request line.
    message(
      ['POST /open HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'],
      '1e\r\n\r\n\r\nGET /open HTTP/1.1\r\n\r\n\r\n\r\n\r\n0\r\nX: y\r\n\r\n',
    ),
    message(['POST /open HTTP/1.1', 'Host: a', 'Content-Length: 26'], '\r\n\r\nGET /open HTTP/1.1\r\n\r\n'),
    message(['\r\nHEAD /open HTTP/1.1', 'Host: a']),
  ];
  for (const first of before) {
    for (const pieces of [1, 7]) {
      const seen = upstream.seen.length;
      const client = await rawClient(gateway.port);
      const text = `${first}${withLine('GET  /open/never HTTP/1.1')}`;
      const size = Math.ceil(text.length / pieces);
      for (let at = 0; at < text.length; at += size) {
        client.send(text.slice(at, at + size));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const answer = await client.ended();
      const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
      t.deepEqual(statuses, ['200', '400'], JSON.stringify(first));
      t.is(upstream.seen.length, seen + 1);
    }
  }
  t.false(upstream.seen.some(({ url }) => url === '/open/never'));
});

test('good lines behind bodies of every framing are taken, in one packet or byte by byte', async (t) => {
  // One that answered early would end the connection.
  const upstream = await httpUpstream(t, (req, res) => req.resume().on('end', () => res.end('done')));
  const gateway = await testGateway(t, {
    routes: [{ name: 'o', path: '/open', upstream: upstream.url, auth: 'none' }],
  });
  const text =
    message(['POST /open/1 HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'], '4\r\n\r\n\r\n\r\n0\r\n\r\n') +
    message(['\r\nPUT /open/2 HTTP/1.1', 'Host: a', 'Content-Length: 4'], '\r\n\r\n') +
    message(['POST /open/3 HTTP/1.1', 'Host: a', 'Content-Length: 0']) +
    message(['GET /open/4 HTTP/1.1', 'Host: a', 'Connection: close']);
  for (const pieces of [[text], [...text]]) {
    const client = await rawClient(gateway.port);
    client.socket.setNoDelay(true);
    for (const piece of pieces) {
      client.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const answer = await client.ended();
    t.is(answer.match(/HTTP\/1\.1 200/g)?.length, 4);
    t.deepEqual(
      upstream.seen.splice(0).map(({ method, url }) => `${method} ${url}`),
      ['POST /open/1', 'PUT /open/2', 'POST /open/3', 'GET /open/4'],
    );
  }
});

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

test('a line that comes together with the request before it is judged as it is by itself', async (t) => {
  const { gateway } = await place(t);
  const body = message(['POST /open/body HTTP/1.1', 'Host: a', 'Content-Length: 6'], '\r\n\r\nab');
  const chunks = message(
    ['POST /open/chunks HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'],
    '2\r\nab\r\n0\r\n\r\n',
  );
  const alone = message(['GET /open/alone HTTP/1.1', 'Host: a']);
  for (const before of [body, chunks, alone, body + chunks + alone]) {
    for (const [line, status] of [
      ['FOO /open/next HTTP/1.1', 501],
      ['GET /open/next HTTP/3.0', 505],
      ['GET  /open/next HTTP/1.1', 400],
    ] as const) {
      const answers = await rawExchange(gateway.port, before + withLine(line));
      t.regex(answers, new RegExp(`^HTTP/1\\.1 200 [^]*HTTP/1\\.1 ${status} `), `${before}${line}`);
      await gateway.logged((logged) => logged.status === status && logged.path === '/open/next');
      gateway.log.length = 0;
    }
  }
});

test('what has no request line of its own is in the log and the metrics, with the address that it came from', async (t) => {
  const { gateway } = await place(t);
  await rawExchange(gateway.port, withLine('GET  /open/x?secret HTTP/1.1'));
  await rawExchange(gateway.port, '\x16\x03\x01\x02\x00\x01\x00\xfc\r\n\r\n');
  await rawExchange(gateway.port, withLine('FOO /open/y HTTP/1.1'));
  const line = await gateway.logged(({ path }) => path === '/open/x');
  t.like(line, {
    msg: 'request',
    method: 'GET',
    status: 400,
    client: '127.0.0.1',
    fault: 'client',
    error: 'bad_request',
  });
  t.like(await gateway.logged(({ status }) => status === 501), {
    method: 'FOO',
    path: '/open/y',
    error: 'not_implemented',
  });
  t.is(gateway.log.filter(({ status }) => status === 400).length, 2);
  t.notRegex(JSON.stringify(gateway.log), /secret/);
  const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
  const count = (method: string, status: string) =>
    new RegExp(
      `gatehouse_request_duration_seconds_count\\{method="${method}",route="none",status="${status}"\\} (\\d+)|gatehouse_request_duration_seconds_count\\{route="none",method="${method}",status="${status}"\\} (\\d+)`,
    )
      .exec(metrics)
      ?.slice(1)
      .find(Boolean);
  t.is(count('GET', '4xx'), '1');
  t.is(count('other', '4xx'), '1');
  t.is(count('other', '5xx'), '1');
});

test('requests that were sent ahead and never had their turn are in the log, each once', async (t) => {
  const upstream = await httpUpstream(t, () => {});
  const gateway = await testGateway(t, { routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }] });
  const client = await rawClient(gateway.port);
  client.send([1, 2, 3].map((n) => message([`GET /s/${n} HTTP/1.1`, 'Host: a', `X-Request-Id: r${n}`])).join(''));
  await holds('the first is under way', () => upstream.seen.length === 1);
  client.socket.destroy();
  for (const n of [1, 2, 3]) {
    t.like(await gateway.logged(({ path }) => path === `/s/${n}`), {
      id: `r${n}`,
      status: 499,
      error: 'client_closed',
    });
  }
  t.is(gateway.log.filter(({ msg }) => msg === 'request').length, 3);
  const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
  t.regex(metrics, /gatehouse_requests_in_flight 0\n/);
});

test('what is malformed in the body of a request that waits for its turn does not answer the one before it', async (t) => {
  let release = (): void => {};
  const upstream = await httpUpstream(t, (req, res) => {
    if (req.url === '/s/slow') release = () => res.end('slow');
    else res.end('other');
  });
  const gateway = await testGateway(t, { routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }] });
  const client = await rawClient(gateway.port);
  client.send(
    message(['GET /s/slow HTTP/1.1', 'Host: a']) +
      message(['POST /s/bad HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'], 'zz\r\n'),
  );
  await holds('the first is under way', () => upstream.seen.length === 1);
  t.is(client.received(), '');
  release();
  const answer = await client.ended();
  t.deepEqual(
    [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status),
    ['200', '400'],
  );
  t.like(await gateway.logged(({ path }) => path === '/s/bad'), { status: 400 });
  t.is(upstream.seen.length, 1);
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
