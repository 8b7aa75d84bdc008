import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createTunnel, type Tunnel } from '../../../gateway/forward/websocket/tunnel.ts';
import { holds } from '../../lab/waiting/condition.ts';

/** FIN and opcode 8, two bytes: 1008 (RFC 6455 section 5.5.1). */
const CLOSE = Buffer.from([0x88, 0x02, 0x03, 0xf0]);
/** Milliseconds in which both connections are over, whatever the two do, on a machine under load. */
const OVER = 4_000;

test('between two frames the client gets a Close frame at once, and both connections end', async (t) => {
  const { tunnel, client, upstream, ends } = await withTunnel(t);
  upstream.socket.write(frame('hello'));
  await holds('the client has it', () => client.received().length > 0);
  tunnel.close(1008);
  await holds('the client is told', () => client.isEnded());
  t.deepEqual(client.received(), Buffer.concat([frame('hello'), CLOSE]));
  await holds('the upstream is left', () => ends.upstream.destroyed);
  client.socket.end();
  await holds('the client is left', () => ends.client.destroyed);
});

test('in the middle of a frame its rest comes first, the Close frame then, and nothing of the next frame', async (t) => {
  const { tunnel, client, upstream, ends } = await withTunnel(t);
  const whole = frame('x'.repeat(1_000));
  upstream.socket.write(whole.subarray(0, 3));
  await holds('its beginning is there', () => client.received().length === 3);
  tunnel.close(1008);
  tunnel.close(1008);
  upstream.socket.write(whole.subarray(3, 500));
  await holds('the next piece is there', () => client.received().length === 500);
  upstream.socket.write(Buffer.concat([whole.subarray(500), frame('not any more')]));
  await holds('the client is told', () => client.isEnded());
  t.deepEqual(client.received(), Buffer.concat([whole, CLOSE]));
  await holds('the upstream is left', () => ends.upstream.destroyed);
});

test('a frame that is larger than all buffers reaches a slow client whole, and the Close frame behind it', async (t) => {
  const { tunnel, client, upstream, ends } = await withTunnel(t);
  const whole = frame('y'.repeat(20_000_000));
  client.socket.pause();
  upstream.socket.write(whole);
  await holds('the tunnel is full', () => ends.client.writableNeedDrain);
  tunnel.close(1008);
  client.socket.resume();
  await holds('the client is told', () => client.isEnded());
  const received = client.received();
  t.is(received.length, whole.length + CLOSE.length);
  t.true(received.subarray(0, whole.length).equals(whole));
  t.deepEqual(received.subarray(whole.length), CLOSE);
});

test('what the client sends after the end is read, and reaches nobody', async (t) => {
  const { tunnel, client, upstream, ends } = await withTunnel(t);
  client.socket.write(frame('before'));
  await holds('the upstream has it', () => upstream.received().length > 0);
  tunnel.close(1008);
  client.socket.write(frame('after'));
  await holds('the upstream is left', () => ends.upstream.destroyed);
  t.deepEqual(upstream.received(), frame('before'));
});

for (const [what, act] of [
  ['an upstream that stalls in the middle of a frame', (_client: Peer, upstream: Peer) => void upstream],
  ['an upstream that ends in the middle of a frame', (_client: Peer, upstream: Peer) => void upstream.socket.end()],
  ['a client that vanishes in the middle of a frame', (client: Peer) => void client.socket.resetAndDestroy()],
] as const) {
  test(`${what} keeps no connection`, async (t) => {
    const { tunnel, client, upstream, ends } = await withTunnel(t);
    const begun = frame('z'.repeat(100)).subarray(0, 50);
    upstream.socket.write(begun);
    await holds('its beginning is there', () => client.received().length === begun.length);
    tunnel.close(1008);
    act(client, upstream);
    await holds('both are left', () => ends.client.destroyed && ends.upstream.destroyed, OVER);
    t.deepEqual(client.received(), begun, 'no Close frame where it would be taken for payload');
  });
}

for (const isReading of [true, false]) {
  test(`a client that ${isReading ? 'never ends its half' : 'reads nothing'} keeps no connection`, async (t) => {
    const { tunnel, client, upstream, ends } = await withTunnel(t);
    if (!isReading) {
      client.socket.pause();
      upstream.socket.write(frame('y'.repeat(20_000_000)));
      await holds('the tunnel is full', () => ends.client.writableNeedDrain);
    }
    tunnel.close(1008);
    await t.notThrowsAsync(holds('both are left', () => ends.client.destroyed && ends.upstream.destroyed, OVER));
  });
}

test('a tunnel whose client has left already is closed without harm', async (t) => {
  const { tunnel, client, ends } = await withTunnel(t);
  client.socket.resetAndDestroy();
  await holds('it is noticed', () => ends.client.destroyed);
  t.notThrows(() => tunnel.close(1008));
});

interface Peer {
  readonly socket: Socket;
  received(): Buffer;
  /** The other side has ended its half. */
  isEnded(): boolean;
}

/** A tunnel over two real connections, as the gateway makes it, and the far end of each. */
async function withTunnel(t: ExecutionContext): Promise<{
  tunnel: Tunnel;
  client: Peer;
  upstream: Peer;
  ends: { client: Socket; upstream: Socket };
}> {
  const [client, clientEnd] = await connectionPair(t);
  const [upstream, upstreamEnd] = await connectionPair(t);
  const tunnel = createTunnel(clientEnd, upstreamEnd);
  upstreamEnd.pipe(clientEnd).pipe(upstreamEnd);
  return { tunnel, client, upstream, ends: { client: clientEnd, upstream: upstreamEnd } };
}

async function connectionPair(t: ExecutionContext): Promise<[far: Peer, near: Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const far = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const [near] = await accepted;
  server.close();
  near.on('error', () => {});
  t.teardown(() => {
    far.destroy();
    near.destroy();
  });
  return [peerOf(far), near];
}

function peerOf(socket: Socket): Peer {
  const pieces: Buffer[] = [];
  let isEnded = false;
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  socket.on('end', () => {
    isEnded = true;
  });
  socket.on('error', () => {});
  return {
    socket,
    received: () => Buffer.concat(pieces),
    isEnded: () => isEnded,
  };
}

/** An unmasked text frame, as a server sends it. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const size = payload.length;
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10);
  head[0] = 0x81;
  head[1] = size < 126 ? size : size < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(size, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(size), 2);
  return Buffer.concat([head, payload]);
}
