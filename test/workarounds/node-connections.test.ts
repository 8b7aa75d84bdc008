import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { takeConnections } from '../../gateway/workarounds/node-connection-listener.ts';
import { readDirectly } from '../../gateway/workarounds/node-direct-reads.ts';

// A test that fails here after an update says that Node has changed: the workaround may go, or must be written anew.

async function portOf(t: ExecutionContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

test("a new HTTP server has one listener for connections, Node's own, which can be called later", async (t) => {
  const server = http.createServer((req, res) => res.end(req.url));
  t.is(server.listenerCount('connection'), 1);
  const serve = takeConnections(server);
  t.is(server.listenerCount('connection'), 0);
  server.on('connection', (socket: Socket) => {
    socket.once('data', (bytes) => {
      socket.pause();
      socket.unshift(bytes);
      serve(socket);
      socket.resume();
    });
  });
  const client = net.connect(await portOf(t, server), '127.0.0.1');
  client.write('GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const answers = await text(client);
  t.regex(answers, /\/first(?:.|\s)*\/second$/);
});

test('an accepted socket has no option for its memory, and readDirectly gives it some', async (t) => {
  const buffers: Buffer[] = [Buffer.alloc(16), Buffer.alloc(16)];
  let reads = 0;
  let read = '';
  let rest = '';
  const server = net.createServer((socket) => {
    const direct = readDirectly(
      socket,
      () => buffers[reads++ % 2] as Buffer,
      (bytes, length) => {
        t.true(buffers.includes(bytes), 'reads go to the memory of the caller');
        read += bytes.toString('latin1', 0, length);
        if (!read.endsWith('.')) return;
        direct?.end();
        socket.on('data', (chunk: Buffer) => {
          rest += chunk.toString('latin1');
        });
        socket.write('next');
      },
    );
    t.not(direct, null, 'Node still has the properties');
    socket.resume();
    socket.on('end', () => socket.end(`${read}|${rest}`));
  });
  const client = net.connect(await portOf(t, server), '127.0.0.1');
  client.write('more than sixteen bytes.');
  await once(client, 'data');
  client.end('read by the stream');
  t.is(await text(client), 'more than sixteen bytes.|read by the stream');
});
