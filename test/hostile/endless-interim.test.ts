import type { Socket } from 'node:net';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';
import { forwardingGateway, overAll, requestText } from '../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';

const INTERIM = 'HTTP/1.1 103 Early Hints\r\n\r\n';

function sendInterim(socket: Socket): void {
  if (!socket.destroyed) socket.write(INTERIM.repeat(10), () => setImmediate(sendInterim, socket));
}

overAll('interim answers without end become a 502, and the connection to the upstream ends', async (t, over) => {
  const ended = Promise.withResolvers<void>();
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () => sendInterim(socket));
    socket.once('close', () => ended.resolve());
  });
  const gateway = await forwardingGateway(t, upstream, {}, over);
  t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s', ['Connection: close']))), 502);
  await ended.promise;
});

overAll('a hundred interim answers are followed by the answer', async (t, over) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () => socket.end(`${INTERIM.repeat(100)}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`));
  });
  const gateway = await forwardingGateway(t, upstream, {}, over);
  t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s', ['Connection: close']))), 200);
});
