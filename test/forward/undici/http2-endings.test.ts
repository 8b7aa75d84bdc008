import type { ServerHttp2Stream } from 'node:http2';
import test from 'ava';
import { holds } from '../../lab/waiting/condition.ts';
import { requestText, valuesOf } from '../../support/gateways/forwarding.ts';
import { groupGateway } from '../../support/gateways/group.ts';
import { rawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';
import { http2Upstream, OVER_TLS } from '../../support/upstreams/http2-upstream.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const CLOSE = ['Connection: close'];

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
    { timeouts: { firstByte: '1s', idle: '3s' } },
  );
  const slow = await rawClient(gateway.port);
  slow.send(requestText('POST /s', ['Content-Length: 3', ...CLOSE], 'a'));
  for (const piece of ['b', 'c']) {
    await new Promise((resolve) => setTimeout(resolve, 1_200));
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
    const gateway = await groupGateway(t, { servers: [upstream.url], http2: true }, { timeouts: { firstByte: '1s' } });
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
  await holds('its stream is ended', () => streams[0]?.destroyed === true);
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
