import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { httpUpstream, tcpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { forwardingGateway, requestText } from '../support/gateways/forwarding.ts';
import { rawClient, rawExchange } from '../support/http/raw.ts';

const ANSWER = 'x'.repeat(100_000);

test('a client that sends ahead and reads no answer is not served beyond what the connection takes', async (t) => {
  const upstream = await httpUpstream(t, (_req, res) => void res.end(ANSWER));
  const gateway = await forwardingGateway(t, upstream);
  const client = await rawClient(gateway.port);
  client.socket.pause();
  client.send(requestText('GET /s').repeat(2_000));
  let before = -1;
  await holds('no further request reaches the upstream', async () => {
    const isStill = upstream.seen.length > 0 && upstream.seen.length === before;
    before = upstream.seen.length;
    if (!isStill) await pause(500);
    return isStill;
  });
  // The buffers of the two sockets take some megabytes.
  t.true(upstream.seen.length < 200, `${upstream.seen.length} of 2000 requests`);
  client.socket.destroy();
});

function pour(socket: Socket, text: string): void {
  if (!socket.destroyed) socket.write(text, () => setImmediate(pour, socket, text));
}

for (const [what, beginning, rest] of [
  ['a chunk extension', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=', 'x'.repeat(1_000)],
  ['the size of a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '0'.repeat(1_000)],
  ['trailers', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n', 'X: y\r\n'.repeat(100)],
  ['fields', 'HTTP/1.1 200 OK\r\n', 'X: y\r\n'.repeat(100)],
  ['a status line', 'HTTP/1.1 200 ', 'x'.repeat(1_000)],
] as const) {
  test(`an upstream that sends ${what} without end is left, and its answer is not whole`, async (t) => {
    const left = Promise.withResolvers<void>();
    const upstream = await tcpUpstream(t, (socket) => {
      socket.once('data', () => {
        socket.write(beginning);
        pour(socket, rest);
      });
      socket.once('close', () => left.resolve());
    });
    const gateway = await forwardingGateway(t, upstream);
    const answer = await rawExchange(gateway.port, requestText('GET /s', ['Connection: close']));
    t.regex(answer, /^(?:HTTP\/1\.1 502 |(?:(?!\r\n0\r\n)[\s\S])*$)/);
    await left.promise;
  });
}
