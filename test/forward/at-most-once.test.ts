import type { Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { forwardingGateway, overAll, requestText, type Transport } from '../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';

/** Counts the request heads that arrive, on whichever connection, and does with each as the test says. */
async function counting(t: ExecutionContext, onHead: (socket: Socket, count: number) => void) {
  const heads: string[] = [];
  const sockets: Socket[] = [];
  const upstream = await tcpUpstream(t, (socket) => {
    sockets.push(socket);
    socket.on('data', (data: Buffer) => {
      for (const [head] of data.toString('latin1').matchAll(/(?:GET|POST|PUT) \S+ HTTP\/1\.1/g)) {
        heads.push(head);
        onHead(socket, heads.length);
      }
    });
  });
  return { ...upstream, heads, sockets };
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const CLOSE = ['Connection: close'];
const REQUESTS = {
  GET: requestText('GET /s', CLOSE),
  POST: requestText('POST /s', ['Content-Length: 5', ...CLOSE], 'hello'),
  PUT: requestText('PUT /s', ['Content-Length: 5', ...CLOSE], 'hello'),
};
/** Chunked bodies are not plain. */
const CHUNKED = requestText('PUT /s', ['Transfer-Encoding: chunked', ...CLOSE], '5\r\nhello\r\n0\r\n\r\n');

function requestOver(over: Transport, method: keyof typeof REQUESTS): string {
  return method === 'PUT' && over !== 'direct' ? CHUNKED : REQUESTS[method];
}

const ENDINGS = ['end', 'resetAndDestroy'] as const;

/** What upstreams of routes are when nothing else is said. */
const FURTHER_ATTEMPTS = 2;

for (const ending of ENDINGS) {
  for (const method of ['POST', 'PUT'] as const) {
    overAll(`${method}: an upstream that reads the request and ends (${ending}) gets it once`, async (t, over) => {
      const upstream = await counting(t, (socket) => void socket[ending]());
      const gateway = await forwardingGateway(t, upstream, {}, over);
      t.is(statusOf(await rawExchange(gateway.port, requestOver(over, method))), 502);
      t.is(upstream.heads.length, 1);
    });

    overAll(
      `${method}: an upstream that ends a kept connection at its second request (${ending}) gets that once`,
      async (t, over) => {
        const upstream = await counting(t, (socket, count) => {
          if (count === 1) socket.write(OK);
          else socket[ending]();
        });
        const gateway = await forwardingGateway(t, upstream, {}, over);
        t.is(statusOf(await rawExchange(gateway.port, REQUESTS.GET)), 200);
        t.is(statusOf(await rawExchange(gateway.port, requestOver(over, method))), 502);
        t.is(upstream.heads.length, 2);
        t.is(upstream.sockets.length, 1);
      },
    );
  }

  overAll(
    `GET: an upstream that ends every connection (${ending}) gets it as often as may be tried`,
    async (t, over) => {
      const upstream = await counting(t, (socket) => void socket[ending]());
      const gateway = await forwardingGateway(t, upstream, {}, over);
      t.is(statusOf(await rawExchange(gateway.port, REQUESTS.GET)), 502);
      t.is(upstream.heads.length, 1 + FURTHER_ATTEMPTS);
    },
  );

  overAll(
    `GET: an upstream that ends a kept connection at just that moment (${ending}) gets it on a new one`,
    async (t, over) => {
      const upstream = await counting(t, (socket, count) => {
        if (count === 2) socket[ending]();
        else socket.write(OK);
      });
      const gateway = await forwardingGateway(t, upstream, {}, over);
      for (let i = 0; i < 2; i++) t.is(statusOf(await rawExchange(gateway.port, REQUESTS.GET)), 200);
      t.is(upstream.heads.length, 3);
      t.is(upstream.sockets.length, 2);
    },
  );
}

for (const method of ['GET', 'POST', 'PUT'] as const) {
  overAll(`${method}: an upstream that takes connections and ends them at once gets nothing twice`, async (t, over) => {
    let connections = 0;
    const upstream = await tcpUpstream(t, (socket) => {
      connections++;
      socket.resetAndDestroy();
    });
    const gateway = await forwardingGateway(t, upstream, {}, over);
    t.is(statusOf(await rawExchange(gateway.port, requestOver(over, method))), 502);
    t.is(connections, 1);
  });
}

overAll('a connection that the upstream has ended while it was idle is not used again', async (t, over) => {
  const upstream = await counting(t, (socket) => void socket.write(OK));
  const gateway = await forwardingGateway(t, upstream, {}, over);
  for (let i = 1; i <= 5; i++) {
    t.is(statusOf(await rawExchange(gateway.port, REQUESTS.POST)), 200);
    const socket = upstream.sockets[i - 1];
    socket?.end();
    await holds('the gateway has ended its half', () => socket?.destroyed === true);
  }
  t.is(upstream.heads.length, 5);
  t.is(upstream.sockets.length, 5);
});
