import type { Socket } from 'node:net';
import test from 'ava';
import { PlainConnection } from '../../../gateway/request/plain/plain-connection.ts';
import type { PlainRequest } from '../../../gateway/request/plain/plain-request.ts';
import { MemorySocket } from '../../support/http/memory-socket.ts';

test('bytes that arrive behind a request that is answered at once stay behind the requests sent ahead', async (t) => {
  const socket = new MemorySocket();
  const urls: string[] = [];
  let underWay = 0;
  const connection = new PlainConnection(socket as unknown as Socket, {
    accept(_, { url }): PlainRequest {
      return {
        isAnswered: false,
        start() {
          urls.push(url);
          underWay += 1;
          t.is(underWay, 1, 'one request is under way at a time');
          if (url === '/at-once') answer();
        },
        onDrain() {},
        onClientIdle() {},
        onClientGone() {},
      };
    },
    handOver: () => t.fail(),
    refuse: () => t.fail(),
    onDropped: () => t.fail(),
    onGone() {},
    isDraining: () => false,
    isClosed: () => false,
    headDeadline: () => 60_000,
    idleDeadline: () => 60_000,
  });
  const answer = () => {
    underWay -= 1;
    connection.onAnswered(false);
  };
  const request = (url: string) => `GET ${url} HTTP/1.1\r\nHost: a\r\n\r\n`;
  // The third request arrives in two pieces, of which the stream keeps the second.
  socket.arrive(Buffer.from(`${request('/first')}${request('/at-once')}${request('/third')}GET /fou`));
  await new Promise(setImmediate);
  socket.arrive(Buffer.from('rth HTTP/1.1\r\nHost: a\r\n\r\n'));
  answer();
  while (urls.length < 3) await new Promise(setImmediate);
  await new Promise(setImmediate);
  t.deepEqual(urls, ['/first', '/at-once', '/third']);
  answer();
  while (urls.length < 4) await new Promise(setImmediate);
  t.deepEqual(urls, ['/first', '/at-once', '/third', '/fourth']);
  socket.destroy();
});
