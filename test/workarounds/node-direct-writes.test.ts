import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { writeDirectly, writePieceDirectly } from '../../gateway/workarounds/node-direct-writes.ts';
import { holds } from '../lab/waiting/condition.ts';

// A test that fails here after an update says that Node has changed: the workaround may go, or must be written anew.

interface Pair {
  readonly client: Socket;
  /** Accepted by a server. */
  readonly socket: Socket;
}

async function connectedPair(t: ExecutionContext): Promise<Pair> {
  const server = net.createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const client = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
  t.teardown(() => client.destroy());
  const [socket] = (await once(server, 'connection')) as [Socket];
  t.teardown(() => socket.destroy());
  return { client, socket };
}

/** Makes calls of the stream visible. */
function countWrites(socket: Socket): { readonly count: number } {
  const { _write } = socket;
  const written = { count: 0 };
  socket._write = function write(...args) {
    written.count += 1;
    _write.apply(this, args);
  };
  return written;
}

test('what can leave at once leaves past the stream, and in order with what goes through it', async (t) => {
  const { client, socket } = await connectedPair(t);
  const written = countWrites(socket);
  t.true(writeDirectly(socket, 'one\xe9 '));
  t.is(written.count, 0, 'Node has the way past the stream');
  socket.write('two ');
  t.true(writeDirectly(socket, 'three'));
  t.is(written.count, 1);
  t.is(socket.bytesWritten, 'one. two three'.length);
  socket.end();
  client.setEncoding('latin1');
  t.is(await text(client), 'one\xe9 two three');
});

test('what is corked or waits in the stream is not overtaken', async (t) => {
  const { client, socket } = await connectedPair(t);
  socket.cork();
  socket.write('first ');
  writeDirectly(socket, 'second');
  socket.uncork();
  socket.end();
  t.is(await text(client), 'first second');
});

test('for a client that does not read, the stream counts what waits, and drains once it reads', async (t) => {
  const { client, socket } = await connectedPair(t);
  const piece = 'x'.repeat(15_999);
  let sent = '';
  for (let at = 0; socket.writableLength === 0; at += 1) {
    sent += `${at % 10}${piece}`;
    writeDirectly(socket, `${at % 10}${piece}`);
  }
  t.true(socket.writableLength <= 16_000);
  for (const more of ['direct', 'stream']) {
    const before = socket.writableLength;
    if (more === 'direct') writeDirectly(socket, 'a'.repeat(40_000));
    else socket.write('b'.repeat(40_000));
    t.is(socket.writableLength, before + 40_000);
  }
  sent += 'a'.repeat(40_000) + 'b'.repeat(40_000);
  const drained = once(socket, 'drain');
  const received = text(client);
  await drained;
  t.is(socket.writableLength, 0);
  const written = countWrites(socket);
  t.true(writeDirectly(socket, 'at once again'));
  t.is(written.count, 0);
  t.is(socket.bytesWritten, sent.length + 'at once again'.length);
  socket.end();
  t.true((await received) === `${sent}at once again`, 'nothing is lost, doubled or out of order');
});

test('a piece between two texts leaves past the stream, and its memory is free at once', async (t) => {
  const { client, socket } = await connectedPair(t);
  const written = countWrites(socket);
  const piece = Buffer.alloc(20_000, 'p');
  let done = 0;
  writePieceDirectly(socket, 'before\xe9', piece, 'after', () => {
    done += 1;
    piece.fill('?');
  });
  writePieceDirectly(socket, '', Buffer.from(' bare'), '', () => {
    done += 1;
  });
  t.is(done, 2);
  t.is(written.count, 0, 'Node has the way past the stream');
  socket.end();
  client.setEncoding('latin1');
  t.true((await text(client)) === `before\xe9${'p'.repeat(20_000)}after bare`);
});

for (const [before, after] of [
  ['', ''],
  ['5\r\n', '\r\n'],
] as const) {
  test(`a piece for a client that does not read keeps its memory until it has left (${before === '' ? 'alone' : 'between texts'})`, async (t) => {
    const { client, socket } = await connectedPair(t);
    let sent = '';
    let done = 0;
    let written = 0;
    for (; socket.writableLength === 0; written += 1) {
      const piece = Buffer.alloc(100_000, String.fromCharCode(97 + (written % 26)));
      sent += before + piece.toString() + after;
      writePieceDirectly(socket, before, piece, after, () => {
        done += 1;
        piece.fill('?');
      });
    }
    t.is(done, written - 1, 'the last piece waits');
    t.true(socket.writableLength <= 100_000);
    writePieceDirectly(socket, before, Buffer.from('behind'), after, () => {
      done += 1;
    });
    sent += `${before}behind${after}`;
    const received = text(client);
    // Little may wait, for which the stream gives no `drain`.
    await holds('all has left', () => socket.writableLength === 0);
    t.is(done, written + 1);
    t.is(socket.bytesWritten, sent.length);
    socket.end();
    t.true((await received) === sent, 'nothing is lost, doubled or out of order');
  });
}

test('the memory of a piece is let go when the connection is gone', async (t) => {
  const { client, socket } = await connectedPair(t);
  socket.on('error', () => {});
  let isDone = false;
  while (socket.writableLength === 0) {
    isDone = false;
    writePieceDirectly(socket, '', Buffer.alloc(100_000), '', () => {
      isDone = true;
    });
  }
  client.resetAndDestroy();
  await t.notThrowsAsync(holds('the memory is let go', () => isDone));
});

test('an error of the connection comes as the event, not as an exception', async (t) => {
  const { client, socket } = await connectedPair(t);
  const failed = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>;
  socket.pause();
  client.resetAndDestroy();
  await holds('the reset has arrived', () => {
    writeDirectly(socket, 'lost');
    return socket.destroyed;
  });
  const [error] = await failed;
  t.true(error.code === 'ECONNRESET' || error.code === 'EPIPE');
  t.false(writeDirectly(socket, 'to nobody'));
});
