import type { ServerHttp2Stream } from 'node:http2';
import test from 'ava';
import { tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { parts, requestText, valuesOf } from '../../support/gateways/forwarding.ts';
import { groupGateway } from '../../support/gateways/group.ts';
import { rawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';
import { http2Upstream, OVER_TLS } from '../../support/upstreams/http2-upstream.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const CLOSE = ['Connection: close'];

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
    t.true(most > 1, `${most} at the same time`);
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

  test(`an answer of an ${scheme} server of HTTP/2 may have a thousand fields`, async (t) => {
    const names = Array.from({ length: 1_000 }, (_, i) => `x-${i}`);
    const upstream = await http2Upstream(t, scheme, (stream) => {
      stream.respond({ ':status': 200, ...Object.fromEntries(names.map((name) => [name, 'y'])) });
      stream.end();
    });
    const gateway = await groupGateway(t, { servers: [upstream.url], ...OVER_TLS });
    const answer = await rawExchange(gateway.port, requestText('GET /s', CLOSE));
    t.is(statusOf(answer), 200);
    t.true(names.every((name) => answer.includes(`\r\n${name}: y\r\n`)));
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

  test(`an ${scheme} server of HTTP/2 that refuses connections, or answers what is no HTTP/2, is a 502`, async (t) => {
    const chatter = await tcpUpstream(t, (socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    for (const port of [1, chatter.port]) {
      const gateway = await groupGateway(t, { servers: [`${scheme}://127.0.0.1:${port}`], ...OVER_TLS });
      for (const request of [
        requestText('GET /s', CLOSE),
        requestText('POST /s', ['Content-Length: 1', ...CLOSE], 'x'),
      ]) {
        t.is(statusOf(await rawExchange(gateway.port, request)), 502);
      }
      t.is((await gateway.logged(({ route }) => route === 's')).fault, 'upstream');
    }
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
  const odd = ['User-Agent: a', 'user-agent: b', 'COOKIE: c=1', 'cookie: d=2', '__proto__: x', 'Accept: e'];
  const answer = await rawExchange(gateway.port, requestText('GET /s', [...odd, 'accept: f', ...CLOSE]));
  t.is(statusOf(answer), 200);
  const seen = upstream.seen.at(-1);
  t.is(seen?.['user-agent'], 'a, b');
  t.is(seen?.cookie, 'c=1; d=2');
  t.is(seen?.accept, 'e, f');
  long?.end('whole');
  t.regex(await other.ended(), /5\r\nwhole\r\n0\r\n\r\n$/);
  t.is(upstream.sessions.length, 1);
});
