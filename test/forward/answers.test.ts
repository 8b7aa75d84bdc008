import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';
import {
  forwardingGateway,
  overAll,
  parts,
  requestText,
  type Transport,
  valuesOf,
} from '../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';

const CLOSE = ['Connection: close'];

/** Answers each request head with the given bytes, in pieces where there are several. */
function scripted(t: ExecutionContext, ...pieces: string[]): ReturnType<typeof tcpUpstream> {
  return tcpUpstream(t, (socket) => {
    socket.on('data', async (data: Buffer) => {
      if (!data.includes('\r\n\r\n')) return;
      for (const piece of pieces) {
        socket.write(Buffer.from(piece, 'latin1'));
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    });
  });
}

async function exchange(t: ExecutionContext, over: Transport, request: string, ...answer: string[]): Promise<string> {
  const gateway = await forwardingGateway(t, await scripted(t, ...answer), {}, over);
  return rawExchange(gateway.port, request);
}

overAll('HEAD passes the length of the body that GET would have', async (t, over) => {
  const answer = await exchange(
    t,
    over,
    requestText('HEAD /s', CLOSE),
    'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n',
  );
  t.is(statusOf(answer), 200);
  t.deepEqual(valuesOf(answer, 'content-length'), ['1234']);
  t.is(parts(answer).body, '');
});

overAll('a length of an answer is passed without the zeros before it, which some read as octal', async (t, over) => {
  for (const [length, body] of [
    ['010', '0123456789'],
    ['0002', 'ab'],
    ['00', ''],
    ['0', ''],
  ] as const) {
    const answer = await exchange(
      t,
      over,
      requestText('GET /s', CLOSE),
      `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${body}`,
    );
    t.deepEqual(valuesOf(answer, 'content-length'), [String(Number(length))]);
    t.is(parts(answer).body, body);
  }
});

test('HEAD of an answer that GET would send in chunks has neither length nor body, and the connection lives on', async (t) => {
  const gateway = await forwardingGateway(
    t,
    await scripted(t, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Here: yes\r\n\r\n'),
  );
  const client = await rawClient(gateway.port);
  client.send(requestText('HEAD /s'));
  const first = await client.until(/\r\n\r\n/);
  t.deepEqual(valuesOf(first, 'content-length'), []);
  t.deepEqual(valuesOf(first, 'x-here'), ['yes']);
  t.is(parts(first).body, '');
  client.send(requestText('HEAD /s', CLOSE));
  t.is((await client.ended()).match(/HTTP\/1\.1 200 OK/g)?.length, 2);
});

for (const [status, fields] of [
  [204, ''],
  [304, ''],
  [304, 'Content-Length: 77\r\n'],
  [205, 'Content-Length: 0\r\n'],
] as const) {
  test(`a ${status} with ${JSON.stringify(fields)} has no body, and the next answer is not taken for one`, async (t) => {
    const gateway = await forwardingGateway(
      t,
      await scripted(t, `HTTP/1.1 ${status} Thus\r\n${fields}ETag: "a"\r\n\r\n`),
    );
    const client = await rawClient(gateway.port);
    client.send(requestText('GET /s'));
    const first = await client.until(/\r\n\r\n/);
    t.is(parts(first).lines[0], `HTTP/1.1 ${status} Thus`);
    t.deepEqual(valuesOf(first, 'etag'), ['"a"']);
    t.deepEqual(valuesOf(first, 'transfer-encoding'), []);
    t.deepEqual(valuesOf(first, 'content-length'), fields === '' ? [] : [fields.replace(/\D/g, '')]);
    client.send(requestText('GET /s', CLOSE));
    t.is((await client.ended()).split('Thus\r\n').length, 3);
  });
}

overAll('status, reason, repeated fields, their order, case and odd bytes pass unchanged', async (t, over) => {
  const head = [
    'HTTP/1.1 299 Fine, "thanks" & so on',
    'Set-Cookie: a=1; Path=/',
    'sEt-cOOkie: b=2',
    'X-Latin: caf\xe9 \xff',
    'X-Empty: ',
    'Set-Cookie: a=3',
    'Vary: Accept',
    'Vary: Origin',
    'Content-Length: 2',
  ];
  const answer = await exchange(t, over, requestText('GET /s', CLOSE), `${head.join('\r\n')}\r\n\r\nok`);
  const passed = parts(answer).lines.filter((line) => !/^(date|x-request-id|connection):/i.test(line));
  t.deepEqual(
    passed.map((line) => line.trim()),
    head.map((line) => line.trim()),
  );
  t.is(parts(answer).body, 'ok');
});

overAll('a reason passes byte by byte, be it in UTF-8, in Latin-1 or empty', async (t, over) => {
  const utf8 = Buffer.from('Über', 'utf8').toString('latin1');
  const body = 'Content-Length: 0\r\n\r\n';
  const [asUtf8, asLatin1, none] = await Promise.all([
    exchange(t, over, requestText('GET /s', CLOSE), `HTTP/1.1 200 ${utf8}\r\n${body}`),
    exchange(t, over, requestText('GET /s', CLOSE), `HTTP/1.1 200 \xdcber\r\n${body}`),
    exchange(t, over, requestText('GET /s', CLOSE), `HTTP/1.1 200\r\n${body}`),
  ]);
  t.is(parts(asUtf8).lines[0], `HTTP/1.1 200 ${utf8}`);
  t.is(parts(asLatin1).lines[0], 'HTTP/1.1 200 \xdcber');
  t.is(parts(none).lines[0], 'HTTP/1.1 200 ');
});

overAll('compressed bytes are not touched', async (t, over) => {
  const gzipped = gzipSync('x'.repeat(5_000)).toString('latin1');
  const answer = await exchange(
    t,
    over,
    requestText('GET /s', ['Accept-Encoding: gzip', ...CLOSE]),
    `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${gzipped.length}\r\n\r\n${gzipped}`,
  );
  t.deepEqual(valuesOf(answer, 'content-encoding'), ['gzip']);
  t.is(parts(answer).body, gzipped);
});

overAll('interim answers (102, 103) are not taken for the answer', async (t, over) => {
  const answer = await exchange(
    t,
    over,
    requestText('GET /s', CLOSE),
    'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  );
  t.is(statusOf(answer), 200);
  t.deepEqual(valuesOf(answer, 'link'), []);
  t.is(parts(answer).body, 'ok');
});

overAll(
  'a 100 that nobody asked for is a bad answer to undici, which ends the connection at it, and is ignored otherwise',
  async (t, over) => {
    const answer = await exchange(
      t,
      over,
      requestText('GET /s', CLOSE),
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    );
    t.is(statusOf(answer), over === 'undici' ? 502 : 200);
  },
);

for (const fields of ['', 'Connection: Upgrade\r\nUpgrade: foo\r\n']) {
  overAll(`a 101 that nobody asked for, with ${JSON.stringify(fields)}, is a bad answer`, async (t, over) => {
    const gateway = await forwardingGateway(
      t,
      await scripted(t, `HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`),
      {},
      over,
    );
    t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s', CLOSE))), 502);
    t.is((await gateway.logged(({ route }) => route === 's')).fault, 'upstream');
  });
}

overAll(
  'a transfer coding that the gateway cannot undo is a bad answer, not a body that nobody can read',
  async (t, over) => {
    const answer = await exchange(
      t,
      over,
      requestText('GET /s', CLOSE),
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nxx\r\n0\r\n\r\n',
    );
    t.is(statusOf(answer), 502);
  },
);

overAll('trailers reach a client of HTTP/1.1, less those that must not come late', async (t, over) => {
  const answer = await exchange(
    t,
    over,
    requestText('GET /s', ['TE: trailers', ...CLOSE]),
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: caf\xe9\r\nX-Sum: 2\r\nConnection: x\r\nSet-Cookie: a=1\r\n\r\n',
  );
  t.is(parts(answer).body, '2\r\nok\r\n0\r\nX-Sum: caf\xe9\r\nX-Sum: 2\r\n\r\n');
});

overAll('an answer of HTTP/1.0, delimited by the end of the connection, arrives whole', async (t, over) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end'));
  });
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const answer = await rawExchange(gateway.port, requestText('GET /s', CLOSE));
  t.is(parts(answer).body, 'a\r\nto the end\r\n0\r\n\r\n');
  t.deepEqual(valuesOf(answer, 'transfer-encoding'), ['chunked']);
});

test('a client of HTTP/1.0 gets no chunks: the end of the connection delimits its answer', async (t) => {
  const gateway = await forwardingGateway(
    t,
    await scripted(t, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n'),
  );
  const client = await rawClient(gateway.port);
  client.send('GET /s HTTP/1.0\r\n\r\n');
  const answer = await client.ended();
  t.is(await client.ending(), 'end');
  t.deepEqual(valuesOf(answer, 'transfer-encoding'), []);
  t.is(parts(answer).body, 'ok');
});

overAll('an answer that comes in single bytes is put together again', async (t, over) => {
  const bytes = [...'HTTP/1.1 200 OK\r\nX-Slow: yes\r\nContent-Length: 2\r\n\r\nok'];
  const upstream = await tcpUpstream(t, (socket: Socket) => {
    socket.setNoDelay(true);
    socket.once('data', async () => {
      for (const byte of bytes) {
        socket.write(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
  });
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const answer = await rawExchange(gateway.port, requestText('GET /s', CLOSE));
  t.is(statusOf(answer), 200);
  t.deepEqual(valuesOf(answer, 'x-slow'), ['yes']);
  t.is(parts(answer).body, 'ok');
});
