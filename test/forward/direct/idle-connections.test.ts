import type { Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { forwardingGateway, requestText } from '../../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../../support/http/raw.ts';

const GET = requestText('GET /s', ['Connection: close']);

/** An upstream that answers each request with this field, and a gateway to it. */
async function place(t: ExecutionContext, field: string) {
  const sockets: Socket[] = [];
  const upstream = await tcpUpstream(t, (socket) => {
    sockets.push(socket);
    socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${field}\r\n\r\nok`));
  });
  return { sockets, gateway: await forwardingGateway(t, upstream) };
}

for (const [field, least] of [
  ['X: nothing is said', 4_000],
  ['Keep-Alive: timeout=100', 4_000],
  ['Keep-Alive: timeout=3', 2_000],
] as const) {
  test(`an idle connection to a server ends after ${least} ms, and is used until then (${field})`, async (t) => {
    const { sockets, gateway } = await place(t, field);
    const start = performance.now();
    for (const _ of [1, 2]) t.is(statusOf(await rawExchange(gateway.port, GET)), 200);
    t.is(sockets.length, 1);
    await holds('it is closed', () => sockets[0]?.destroyed === true);
    const taken = performance.now() - start;
    t.true(taken >= least, `${taken} ms`);
  });
}

for (const field of ['Keep-Alive: timeout=1', 'Keep-Alive: max=5, Timeout = 0']) {
  test(`a connection that the server keeps for a second or less carries no other request (${field})`, async (t) => {
    const { sockets, gateway } = await place(t, field);
    for (const _ of [1, 2]) t.is(statusOf(await rawExchange(gateway.port, GET)), 200);
    t.is(sockets.length, 2);
  });
}
