import { once } from 'node:events';
import type { Socket } from 'node:net';
import test from 'ava';
import { tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { forwardingGateway, parts, requestText, valuesOf } from '../../support/gateways/forwarding.ts';
import { answeredClient } from '../../support/http/one-packet.ts';
import { type RawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const CLOSE = ['Connection: close'];

/** What the client reads first. */
async function firstRead({ socket, send }: RawClient, request: string): Promise<string> {
  const read = once(socket, 'data');
  send(request);
  const [piece] = await read;
  return String(piece);
}

/** Each value that a byte may have, in an order that does not repeat where the pieces of a stream do. */
function everyByte(length: number, from = 0): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i + (i >> 8) + from) & 0xff));
}

for (const length of [0, 1, 130, 16_384]) {
  test(`an answer of ${length} bytes that is there at once is written in one piece with its head`, async (t) => {
    const body = everyByte(length).toString('latin1');
    const { client } = await answeredClient(t, `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${body}`);
    for (let i = 0; i < 3; i++) {
      const piece = await firstRead(client, requestText('GET /s'));
      t.is(statusOf(piece), 200);
      t.true(parts(piece).body === body);
    }
  });
}

test('one in chunks is too, with its trailers', async (t) => {
  const answer =
    'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\nX-Sum: 9\r\n\r\n';
  const { client } = await answeredClient(t, answer);
  for (let i = 0; i < 3; i++) {
    const piece = await firstRead(client, requestText('GET /s', ['TE: trailers']));
    t.is(statusOf(piece), 200);
    t.is(parts(piece).body, '5\r\nwhole\r\n0\r\nX-Sum: 9\r\n\r\n');
  }
});

test('several chunks in one packet arrive whole and in order, with their trailers', async (t) => {
  const chunks = ['first', '', 'second', 'third'].map((text) => `${text.length.toString(16)}\r\n${text}\r\n`);
  const answer = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.filter((chunk) => !chunk.startsWith('0')).join('')}0\r\nX-Sum: 9\r\n\r\n`;
  const { client } = await answeredClient(t, answer);
  client.send(requestText('GET /s', CLOSE));
  const { body } = parts(await client.ended());
  t.true(body.endsWith('\r\n0\r\nX-Sum: 9\r\n\r\n'));
  t.is(body.slice(0, body.indexOf('0\r\nX-Sum')).replace(/[\da-f]+\r\n(\w+)\r\n/g, '$1'), 'firstsecondthird');
});

for (const length of [16_383, 16_384, 16_385, 65_536]) {
  test(`${length} bytes of every value arrive as they were, by length and in one chunk`, async (t) => {
    const body = everyByte(length);
    const byLength = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`), body]);
    const chunked = Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${length.toString(16)}\r\n`),
      body,
      Buffer.from('\r\n0\r\n\r\n'),
    ]);
    const text = body.toString('latin1');
    const whole = await rawExchange((await answeredClient(t, byLength)).port, requestText('GET /s', CLOSE));
    t.true(parts(whole).body === text);
    t.deepEqual(valuesOf(whole, 'content-length'), [String(length)]);
    t.true(
      unchunked(await rawExchange((await answeredClient(t, chunked)).port, requestText('GET /s', CLOSE))) === text,
    );
    t.true(parts(await rawExchange((await answeredClient(t, chunked)).port, oldRequest())).body === text, 'HTTP/1.0');
  });
}

test('answers at the same time keep their bytes apart', async (t) => {
  let sent = 0;
  const upstream = await tcpUpstream(t, (socket) => {
    socket.on('data', (data) => {
      const place = Number(/GET \/s\/(\d+)/.exec(data.toString('latin1'))?.[1]);
      sent += 1;
      socket.write(
        Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n'), everyByte(9_000, place)]),
      );
    });
  });
  const { port } = await forwardingGateway(t, upstream, {}, 'undici');
  await Promise.all(
    Array.from({ length: 8 }, async (_, one) => {
      for (let i = 0; i < 8; i++) {
        const place = 8 * one + i;
        const answer = await rawExchange(port, requestText(`GET /s/${place}`, CLOSE));
        t.true(parts(answer).body === everyByte(9_000, place).toString('latin1'), String(place));
      }
    }),
  );
  t.is(sent, 64);
});

for (const [method, status, length] of [
  ['HEAD', 200, 1234],
  ['HEAD', 404, 0],
  ['GET', 204, 0],
  ['GET', 304, 77],
  ['HEAD', 304, 77],
] as const) {
  test(`${method} with a ${status} and Content-Length: ${length} is whole at once, and the next answer is not its body`, async (t) => {
    const { client } = await answeredClient(
      t,
      `HTTP/1.1 ${status} Thus\r\nContent-Length: ${length}\r\nX-Here: yes\r\n\r\n`,
    );
    for (let i = 0; i < 3; i++) {
      const piece = await firstRead(client, requestText(`${method} /s`));
      t.is(parts(piece).lines[0], `HTTP/1.1 ${status} Thus`);
      t.is(parts(piece).body, '');
      // A 204 has no length (RFC 9110 section 8.6).
      t.deepEqual(valuesOf(piece, 'content-length'), status === 204 ? [] : [String(length)]);
      t.deepEqual(valuesOf(piece, 'transfer-encoding'), []);
      t.deepEqual(valuesOf(piece, 'x-here'), ['yes']);
    }
  });
}

test('the first event of a stream arrives at once, with its head, and each that follows when it is sent', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
  let stream: Socket | undefined;
  const { client } = await answeredClient(t, `${head}9\r\ndata: 1\n\n\r\n`, (socket) => {
    stream = socket;
  });
  client.send(requestText('GET /s'));
  await client.until(/data: 1\n\n\r\n$/);
  for (const event of ['2', '3']) {
    stream?.write(`9\r\ndata: ${event}\n\n\r\n`);
    await client.until(new RegExp(`data: ${event}\n\n\r\n$`));
  }
  stream?.write('0\r\n\r\n');
  t.true((await client.until(/\r\n0\r\n\r\n$/)).includes('data: 1\n\n'));
});

test('the head of a stream arrives at once where no event has come yet', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
  let stream: Socket | undefined;
  const { client } = await answeredClient(t, head, (socket) => {
    stream = socket;
  });
  client.send(requestText('GET /s'));
  t.is(parts(await client.until(/\r\n\r\n$/)).body, '');
  stream?.write('9\r\ndata: 1\n\n\r\n0\r\n\r\n');
  t.is(unchunked(await client.until(/\r\n0\r\n\r\n$/)), 'data: 1\n\n');
});

/** Of an answer in chunks, whose end must be there. */
function unchunked(answer: string): string {
  let { body } = parts(answer);
  let text = '';
  for (;;) {
    const end = body.indexOf('\r\n');
    const length = Number.parseInt(body.slice(0, end), 16);
    if (!(length >= 0)) throw new Error('the chunks do not end');
    if (length === 0) return text;
    text += body.slice(end + 2, end + 2 + length);
    body = body.slice(end + 2 + length + 2);
  }
}

/** To whom nothing can be sent in chunks. */
function oldRequest(): string {
  return 'GET /s HTTP/1.0\r\nHost: gateway.test\r\n\r\n';
}
