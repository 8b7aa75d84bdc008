import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { forwardingGateway } from '../../support/gateways/forwarding.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** Bytes of one body: many times what the gateway reads at once. */
const SIZE = 6 * 1024 * 1024;
const PEERS = 8;

/** A body that tells in each of its bytes whose it is and, nearly, where it stands. */
function bodyOf(peer: number): Buffer {
  const body = Buffer.alloc(SIZE);
  for (let at = 0; at < SIZE; at++) body[at] = (peer * 31 + (at >> 8)) & 0xff;
  return body;
}

// All connections read into the same memory, which is used again as soon as it can be: a mistake there would give the bytes of
// one client to another one.
test('bodies that pass at the same time, to and from slow peers, reach their own peers alone', async (t) => {
  const bodies = Array.from({ length: PEERS }, (_, peer) => bodyOf(peer));
  const upstream = await httpUpstream(t, async (req, res) => {
    const peer = Number(req.headers['x-peer']);
    const received: Buffer[] = [];
    for await (const chunk of req) {
      received.push(chunk as Buffer);
      // Odd ones are read slowly, so that the gateway has to wait.
      if (peer % 2 === 1 && received.length % 16 === 0) await turn();
    }
    if (req.method === 'PUT' && !Buffer.concat(received).equals(bodies[peer] as Buffer)) res.statusCode = 409;
    if (peer % 4 < 2) res.setHeader('Content-Length', SIZE);
    res.end(bodies[peer]);
  });
  const gateway = await forwardingGateway(t, upstream);

  const exchange = async (peer: number, method: string): Promise<void> => {
    const client = request(`${gateway.url}/s`, {
      agent: false,
      method,
      headers: { 'X-Peer': peer, ...(method === 'PUT' && { 'Content-Length': SIZE }) },
    });
    client.end(method === 'PUT' ? bodies[peer] : undefined);
    const [answer] = (await once(client, 'response')) as [IncomingMessage];
    t.is(answer.statusCode, 200, `${method} of ${peer} arrived as it was sent`);
    const received: Buffer[] = [];
    for await (const chunk of answer) {
      received.push(chunk as Buffer);
      if (peer % 3 === 0) await turn();
    }
    t.true(Buffer.concat(received).equals(bodies[peer] as Buffer), `the answer of ${peer} is its own`);
  };
  const short = async (peer: number): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      const answer = await fetch(`${gateway.url}/s`, { headers: { 'X-Peer': String(peer) } });
      await answer.body?.cancel();
    }
  };
  await Promise.all(
    Array.from({ length: PEERS }, (_, peer) => [exchange(peer, 'GET'), exchange(peer, 'PUT'), short(peer)]).flat(),
  );
});

// A connection keeps a buffer of its own after a long message, and gives it back after a short one.
test('long and short bodies in turn over the same connections reach their own peers alone', async (t) => {
  const upstream = await httpUpstream(t, async (req, res) => {
    const received: Buffer[] = [];
    for await (const chunk of req) received.push(chunk as Buffer);
    res.end(Buffer.concat(received));
  });
  const gateway = await forwardingGateway(t, upstream);
  const sizes = [70_000, 64, 20_000, 300_000, 16_384, 300_000, 1, 70_000, 0, 65_536];
  const agent = new Agent({ keepAlive: true, maxSockets: PEERS });
  t.teardown(() => agent.destroy());

  const echo = async (peer: number, size: number): Promise<void> => {
    const body = Buffer.alloc(size, `peer ${peer} sends ${size} `);
    const client = request(`${gateway.url}/s`, { agent, method: 'PUT', headers: { 'Content-Length': size } });
    client.end(body);
    const [answer] = (await once(client, 'response')) as [IncomingMessage];
    const received: Buffer[] = [];
    for await (const chunk of answer) {
      received.push(chunk as Buffer);
      if (peer % 3 === 0) await turn();
    }
    t.is(answer.statusCode, 200);
    t.true(Buffer.concat(received).equals(body), `the answer of ${peer} is its own`);
  };
  await Promise.all(
    Array.from({ length: PEERS * 2 }, async (_, peer) => {
      for (let at = 0; at < 4 * sizes.length; at++)
        await echo(peer, sizes[(at * (1 + (peer % 3)) + peer) % sizes.length] ?? 0);
    }),
  );
});
