import type { Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import { httpUpstream, tcpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { forwardingGateway, overAll, parts, requestText } from '../support/gateways/forwarding.ts';
import { type RawClient, rawClient, statusOf } from '../support/http/raw.ts';

/** A server that answers each request with its path, and can send answers that nobody asked for. */
async function talkative(t: ExecutionContext) {
  const open: Socket[] = [];
  const paths: string[] = [];
  const upstream = await tcpUpstream(t, (socket) => {
    open.push(socket);
    socket.once('close', () => open.splice(open.indexOf(socket), 1));
    socket.on('data', (data: Buffer) => {
      const [, path = ''] = /^GET (\S+)/.exec(data.toString('latin1')) ?? [];
      paths.push(path);
      socket.write(answer(path));
    });
  });
  return { ...upstream, open, paths };
}

function answer(text: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}

const STRAY = answer('for somebody else');

overAll(
  'an answer that nobody asked for costs its connection, and is the answer to no later request',
  async (t, over) => {
    const upstream = await talkative(t);
    const gateway = await forwardingGateway(t, upstream, {}, over);
    const client = await rawClient(gateway.port);
    for (let i = 0; i < 5; i++) {
      client.send(requestText(`GET /s/${i}`));
      await client.until(new RegExp(`/s/${i}$`));
      upstream.open[0]?.write(STRAY);
      await holds('the gateway has closed the connection', () => upstream.open.length === 0);
    }
    t.notRegex(client.received(), /somebody/);
    t.deepEqual(upstream.paths, ['/s/0', '/s/1', '/s/2', '/s/3', '/s/4']);
  },
);

// CVE-2026-48931 and CVE-2026-6733: bytes that wait to be read when a connection is taken are older than the request.
overAll('an answer that has arrived before the request was sent is not the answer to it', async (t, over) => {
  const upstream = await talkative(t);
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const first = await rawClient(gateway.port);
  first.send(requestText('GET /s/first', ['Connection: keep-alive']));
  await first.until(/\/s\/first$/);
  for (let i = 0; i < 20; i++) {
    const kept = upstream.open[0];
    const before = first.received().length;
    // Both wait for the gateway's next turn: the request first, then what is no answer to it.
    first.send(requestText(`GET /s/${i}`, ['Connection: keep-alive']));
    kept?.write(STRAY);
    await first.until(new RegExp(`/s/${i}$|somebody else$`));
    const got = first.received().slice(before);
    t.is(statusOf(got), 200);
    t.is(parts(got).body, `/s/${i}`);
  }
});

overAll(
  'a request whose kept connection turns out to be of no use is sent once over another, body and all',
  async (t, over) => {
    const sockets = new Set<Socket>();
    const received: string[] = [];
    const upstream = await httpUpstream(t, async (req, res) => {
      sockets.add(req.socket);
      req.socket.once('close', () => sockets.delete(req.socket));
      const text = `${req.method} ${req.url} ${(await req.toArray()).join('')};`;
      received.push(text);
      res.end(text);
    });
    const gateway = await forwardingGateway(t, upstream, {}, over);
    const clients = await Promise.all(Array.from({ length: 4 }, () => rawClient(gateway.port)));
    const all = (send: (client: RawClient, i: number) => unknown) => Promise.all(clients.map(send));
    const uses = [
      (socket: Socket) => socket.write(STRAY),
      (socket: Socket) => socket.end(),
      // Undici writes before it learns of a reset, and a POST that may have been carried out is not repeated.
      ...(over === 'undici' ? [] : [(socket: Socket) => socket.resetAndDestroy()]),
    ];
    for (const [round, spoil] of uses.entries()) {
      await all(async (client, i) => {
        client.send(requestText(`GET /s/${round}/${i}`, ['Connection: keep-alive']));
        await client.until(new RegExp(`GET /s/${round}/${i} ;`));
      });
      const fields = ['Connection: keep-alive', 'Content-Length: 40003'];
      for (const [i, client] of clients.entries()) client.send(requestText(`POST /s/${round}/${i}`, fields, `${i}: `));
      for (const socket of sockets) spoil(socket);
      await all((client) => client.send('x'.repeat(40_000)));
      await all((client, i) => client.until(new RegExp(`POST /s/${round}/${i} ${i}: x{40000};`)));
    }
    t.is(received.length, 2 * uses.length * clients.length);
  },
);
