import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { holds } from '../support/condition.ts';
import { parts, requestText, valuesOf } from '../support/forwarding.ts';
import { groupGateway } from '../support/group.ts';
import { http2Upstream } from '../support/http2-upstream.ts';
import { rawClient, rawExchange, statusOf } from '../support/raw.ts';
import { SELF_SIGNED } from '../support/self-signed.ts';
import { strayErrors } from '../support/stray-errors.ts';
import { tcpUpstream } from '../support/upstream.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const CLOSE = ['Connection: close'];
const OVER_TLS = { http2: true, tls: { ca: SELF_SIGNED.cert } };
const SCHEMES = ['http', 'https'] as const;

for (const scheme of SCHEMES) {
  test(`an ${scheme} server of HTTP/2 gets many requests over one connection, and they share it at the same time`, async (t) => {
    let underWay = 0;
    let most = 0;
    const upstream = await http2Upstream(t, scheme, (stream, headers) => {
      most = Math.max(most, ++underWay);
      setTimeout(() => {
        underWay -= 1;
        stream.respond({ ':status': 200 });
        stream.end(`for ${headers[':path']}`);
      }, 50);
    });
    const gateway = await groupGateway(t, { servers: [upstream.url], ...OVER_TLS });
    const ask = (i: number) => rawExchange(gateway.port, requestText(`GET /s?${i}`, CLOSE));
    await ask(0);
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => ask(i)));
    answers.forEach((answer, i) => {
      t.regex(answer, new RegExp(`for /s\\?${i}\r\n`));
    });
    t.true(most > 5, `${most} at the same time`);
    t.is(upstream.sessions.length, 1);
  });

  test(`head, body, repeated fields and trailers of an ${scheme} server of HTTP/2 reach the client in the form of HTTP/1.1`, async (t) => {
    const upstream = await http2Upstream(t, scheme, (stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
      stream.respond({ ':status': 207, 'set-cookie': ['a=1', 'b=2'], 'x-here': 'yes' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end('done');
    });
    const gateway = await groupGateway(t, { servers: [upstream.url], ...OVER_TLS });
    const answer = await rawExchange(gateway.port, requestText('GET /s', CLOSE));
    t.is(statusOf(answer), 207);
    t.deepEqual(valuesOf(answer, 'set-cookie'), ['a=1', 'b=2']);
    t.deepEqual(valuesOf(answer, 'x-here'), ['yes']);
    t.deepEqual(valuesOf(answer, 'link'), []);
    t.is(parts(answer).body, '4\r\ndone\r\n0\r\ngrpc-status: 0\r\n\r\n');
  });

  test(`bodies of every framing reach an ${scheme} server of HTTP/2`, async (t) => {
    const upstream = await http2Upstream(t, scheme, (stream, headers) => {
      stream.respond({ ':status': 200, 'x-length': headers['content-length'] ?? 'none' });
      stream.pipe(stream);
    });
    const gateway = await groupGateway(t, { servers: [upstream.url], ...OVER_TLS });
    const ask = (line: string, field: string, body: string) =>
      rawExchange(gateway.port, requestText(line, [field, ...CLOSE], body));
    const [length, chunked, none] = await Promise.all([
      ask('POST /s', 'Content-Length: 5', 'hello'),
      ask('PUT /s', 'Transfer-Encoding: chunked', '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'),
      ask('DELETE /s', 'X: y', ''),
    ]);
    t.deepEqual(valuesOf(length, 'x-length'), ['5']);
    t.deepEqual(valuesOf(chunked, 'x-length'), ['none']);
    t.regex(length, /\r\n5\r\nhello\r\n0\r\n\r\n$/);
    t.regex(chunked, /hello\r\n0\r\n\r\n$|2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n$/);
    t.is(statusOf(none), 200);
  });

  for (const [how, lose] of [
    ['ends the connection', (stream: ServerHttp2Stream) => stream.session?.destroy()],
    ['resets the stream', (stream: ServerHttp2Stream) => stream.close(2)],
    ['ends the stream', (stream: ServerHttp2Stream) => stream.close()],
  ] as const) {
    test(`an ${scheme} server of HTTP/2 that ${how} gets GET again, POST and PUT once`, async (t) => {
      const upstream = await http2Upstream(t, scheme, lose);
      const gateway = await groupGateway(t, { servers: [upstream.url], ...OVER_TLS, retries: { attempts: 1 } });
      for (const [request, times] of [
        [requestText('GET /s', CLOSE), 2],
        [requestText('POST /s', CLOSE), 1],
        [requestText('POST /s', ['Content-Length: 2', ...CLOSE], 'hi'), 1],
      ] as const) {
        upstream.seen.length = 0;
        t.is(statusOf(await rawExchange(gateway.port, request)), 502);
        t.is(upstream.seen.length, times, request);
      }
    });
  }
}

test('spellings of one field that HTTP/2 cannot repeat are joined, and harm nobody on the same connection', async (t) => {
  let long: ServerHttp2Stream | undefined;
  const upstream = await http2Upstream(t, 'https', (stream, headers) => {
    stream.respond({ ':status': 200 });
    if (headers[':path'] === '/s?long') long = stream.on('close', () => {});
    else stream.end('ok');
  });
  const gateway = await groupGateway(t, { servers: [upstream.url], ...OVER_TLS });
  const other = await rawClient(gateway.port);
  other.send(requestText('GET /s?long', CLOSE));
  await other.until(/200/);
  const odd = ['User-Agent: a', 'user-agent: b', 'COOKIE: c=1', 'cookie: d=2', '__proto__: x', 'Content-Type: e'];
  const answer = await rawExchange(gateway.port, requestText('GET /s', [...odd, 'content-type: f', ...CLOSE]));
  t.is(statusOf(answer), 200);
  const seen = upstream.seen.at(-1);
  t.is(seen?.['user-agent'], 'a, b');
  t.is(seen?.cookie, 'c=1; d=2');
  t.is(seen?.['content-type'], 'e, f');
  long?.end('whole');
  t.regex(await other.ended(), /5\r\nwhole\r\n0\r\n\r\n$/);
  t.is(upstream.sessions.length, 1);
});

for (const http2 of [true, false]) {
  test(`with preserveHost, requests for other hosts wait for nobody and share connections (HTTP/${http2 ? 2 : '1.1'})`, async (t) => {
    const hosts: string[] = [];
    let connections = 0;
    let finish = () => {};
    const server = createServer(SELF_SIGNED, (req, res) => {
      hosts.push(req.headers.host ?? '');
      if (req.url === '/s?long') {
        res.writeHead(200).flushHeaders();
        finish = () => void res.end();
      } else res.end();
    });
    server.on('secureConnection', () => connections++);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
    });
    const secure = await http2Upstream(t, 'https', (stream, headers) => {
      hosts.push(headers[':authority'] ?? '');
      stream.respond({ ':status': 200 });
      if (headers[':path'] === '/s?long') finish = () => void stream.end();
      else stream.end();
    });
    const url = http2 ? secure.url : `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const gateway = await groupGateway(
      t,
      { servers: [url], http2, tls: OVER_TLS.tls },
      { route: { preserveHost: true } },
    );
    const ask = (target: string, host: string) => requestText(`GET ${target}`, CLOSE).replace('gateway.test', host);
    const long = await rawClient(gateway.port);
    long.send(ask('/s?long', 'a.test'));
    await long.until(/200/);
    for (const host of ['b.test', 'c.test', 'd.test']) {
      t.is(statusOf(await rawExchange(gateway.port, ask('/s', host))), 200);
    }
    finish();
    await long.ended();
    t.deepEqual(hosts, ['a.test', 'b.test', 'c.test', 'd.test']);
    t.is(http2 ? secure.sessions.length : connections, http2 ? 1 : 2);
  });
}

test('an https server that offers HTTP/1.1 alone is spoken to in that, and nobody waits behind a stream', async (t) => {
  const server = createServer(SELF_SIGNED, (req, res) => {
    res.writeHead(200).flushHeaders();
    if (req.url !== '/s?long') res.end(req.httpVersion);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const gateway = await groupGateway(t, { servers: [url], ...OVER_TLS });
  const long = await rawClient(gateway.port);
  long.send(requestText('GET /s?long'));
  await long.until(/200/);
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => rawExchange(gateway.port, requestText('GET /s', CLOSE))),
  );
  for (const answer of answers) t.regex(answer, /3\r\n1\.1\r\n0/);
  long.socket.destroy();
});

test('a server of HTTP/2 that takes connections and says nothing keeps nobody longer than `timeouts.connect`', async (t) => {
  const silent = await tcpUpstream(t, (socket) => void socket.resume());
  const url = silent.url.replace('http:', 'https:');
  const gateway = await groupGateway(t, { servers: [url], ...OVER_TLS }, { timeouts: { connect: '300ms' } });
  const started = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => rawExchange(gateway.port, requestText('GET /s', CLOSE))),
  );
  t.true(answers.every((answer) => statusOf(answer) === 504));
  // One after the other, as they would have to wait for a connection of their own, it would be 20 times as long.
  t.true(performance.now() - started < 4_000);
  t.is((await gateway.logged(({ route }) => route === 's')).fault, 'upstream');
});

test('a client that sends its body slowly to a server of HTTP/2 is not the fault of that server', async (t) => {
  const upstream = await http2Upstream(t, 'http', (stream) => {
    stream.resume();
    stream.on('end', () => {
      if (stream.aborted) return;
      stream.respond({ ':status': 200 });
      stream.end('taken');
    });
  });
  const gateway = await groupGateway(
    t,
    { servers: [upstream.url], http2: true },
    { timeouts: { firstByte: '200ms', idle: '1s' } },
  );
  const slow = await rawClient(gateway.port);
  slow.send(requestText('POST /s', ['Content-Length: 3', ...CLOSE], 'a'));
  for (const piece of ['b', 'c']) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    slow.send(piece);
  }
  t.is(statusOf(await slow.ended()), 200);

  const stopped = await rawClient(gateway.port);
  stopped.send(requestText('POST /s', ['Content-Length: 3', ...CLOSE], 'a'));
  t.is(statusOf(await stopped.ended()), 408);
  t.is((await gateway.logged(({ status }) => status === 408)).fault, 'client');
});

test('a server of HTTP/2 that takes the whole body and never answers is a 504, and so is one that takes none of it', async (t) => {
  for (const takesIt of [true, false]) {
    const upstream = await http2Upstream(t, 'http', (stream) => void (takesIt && stream.resume()));
    const gateway = await groupGateway(
      t,
      { servers: [upstream.url], http2: true },
      { timeouts: { firstByte: '300ms' } },
    );
    const client = await rawClient(gateway.port);
    const length = takesIt ? 5 : 8 * 1024 * 1024;
    client.send(requestText('POST /s', [`Content-Length: ${length}`, ...CLOSE]));
    client.send(Buffer.alloc(length));
    t.is(statusOf(await client.until(/}\s*$/)), 504);
    t.is((await gateway.logged(({ status }) => status === 504)).fault, 'upstream');
    client.socket.destroy();
  }
});

test('a client that leaves ends its stream, and the connection of HTTP/2 serves the others', async (t) => {
  const streams: ServerHttp2Stream[] = [];
  const upstream = await http2Upstream(t, 'https', (stream) => {
    streams.push(stream);
    stream.resume();
    stream.respond({ ':status': 200 });
    stream.write('begun');
  });
  const gateway = await groupGateway(t, { servers: [upstream.url], ...OVER_TLS });
  const [leaving, staying] = [await rawClient(gateway.port), await rawClient(gateway.port)];
  for (const client of [leaving, staying]) {
    client.send(requestText('POST /s', ['Transfer-Encoding: chunked', ...CLOSE], '1\r\na\r\n'));
    await client.until(/begun/);
  }
  leaving.socket.resetAndDestroy();
  await holds('its stream is ended', () => streams[0]?.destroyed === true, 1_000);
  t.false(streams[1]?.destroyed);
  staying.send('0\r\n\r\n');
  streams[1]?.end('whole');
  t.regex(await staying.ended(), /whole\r\n0\r\n\r\n$/);
  t.is(upstream.sessions.length, 1);
});

test('an early answer over HTTP/2 reaches the client while its upload is under way', async (t) => {
  const upstream = await http2Upstream(t, 'https', (stream) => {
    stream.respond({ ':status': 413 });
    stream.end('too large');
  });
  const gateway = await groupGateway(t, { servers: [upstream.url], ...OVER_TLS });
  const client = await rawClient(gateway.port);
  client.send(requestText('POST /s', ['Content-Length: 10000000']));
  client.send(Buffer.alloc(100_000));
  const answer = await client.until(/0\r\n\r\n$/);
  t.is(statusOf(answer), 413);
  t.deepEqual(valuesOf(answer, 'connection'), ['close']);
  client.socket.destroy();
});

for (const [how, cut] of [
  ['resets the stream for an error', (stream: ServerHttp2Stream) => stream.destroy(new Error('cut'))],
  ['resets the stream without an error', (stream: ServerHttp2Stream) => stream.destroy()],
  ['ends the connection in order', (stream: ServerHttp2Stream) => stream.session?.destroy()],
  ['ends the connection', (stream: ServerHttp2Stream) => stream.session?.socket.destroy()],
] as const) {
  test(`an answer looks truncated when a server of HTTP/2 ${how} in the middle of it`, async (t) => {
    const upstream = await http2Upstream(t, 'https', (stream) => {
      stream.respond({ ':status': 200 });
      stream.write('begun');
      setTimeout(() => cut(stream), 20);
    });
    const gateway = await groupGateway(t, { servers: [upstream.url], ...OVER_TLS });
    const answer = await rawExchange(gateway.port, requestText('GET /s', CLOSE));
    t.is(statusOf(answer), 200);
    t.regex(answer, /5\r\nbegun\r\n$/);
    t.is((await gateway.logged(({ route }) => route === 's')).fault, 'upstream');
  });
}

test('an answer over HTTP/2 that ended while the client was not reading is whole', async (t) => {
  const bytes = 12 * 1024 * 1024;
  let isSent = false;
  const upstream = await http2Upstream(t, 'http', (stream) => {
    stream.respond({ ':status': 200 });
    stream.end(Buffer.alloc(bytes), () => {
      isSent = true;
    });
  });
  const gateway = await groupGateway(t, { servers: [upstream.url], http2: true });
  const client = await rawClient(gateway.port);
  client.socket.pause();
  client.send(requestText('GET /s', CLOSE));
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.false(isSent);
  client.socket.resume();
  const answer = await client.ended();
  t.regex(answer.slice(-10), /\r\n0\r\n\r\n$/);
  t.is((await gateway.logged(({ route }) => route === 's')).fault, undefined);
});
