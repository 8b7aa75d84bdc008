import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import tls from 'node:tls';
import test from 'ava';
import { readDirectly } from '../../gateway/workarounds/node-direct-reads.ts';
import { socketBelow } from '../../gateway/workarounds/node-socket-below-tls.ts';
import { SERVER } from '../support/stores/certificates.ts';
import { tlsClient } from '../support/tls/tls-visit.ts';

// A test that fails here after an update says that Node has changed: the workaround may go, or must be written anew.

test('a TLS server names only the socket that it wraps, and socketBelow names the one below, also when a handshake fails', async (t) => {
  const given: Socket[] = [];
  const below: (Socket | null)[] = [];
  const secure = tls.createServer({ cert: SERVER.cert, key: SERVER.key });
  secure.on('secureConnection', (socket) => {
    below.push(socketBelow(socket));
    let read = '';
    const buffer = Buffer.alloc(16);
    const direct = readDirectly(
      socket,
      () => buffer,
      (bytes, length) => {
        read += bytes.toString('latin1', 0, length);
        if (read.length === 26) socket.end(read);
      },
    );
    t.not(direct, null, 'reads of TLS go to the memory of the caller too');
    socket.resume();
  });
  secure.on('tlsClientError', (_, socket) => below.push(socketBelow(socket)));
  const server = net.createServer((socket) => {
    given.push(socket);
    socket.on('error', () => {});
    secure.emit('connection', socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;

  const client = tlsClient(port).setEncoding('latin1');
  client.write('abcdefghijklmnopqrstuvwxyz');
  let answer = '';
  client.on('data', (text: string) => {
    answer += text;
  });
  await once(client, 'close');
  t.is(answer, 'abcdefghijklmnopqrstuvwxyz');
  const stranger = net.connect(port, '127.0.0.1').on('error', () => {});
  stranger.end('no TLS at all');
  await once(stranger.resume(), 'close');
  t.deepEqual(
    below.map((socket) => given.indexOf(socket as Socket)),
    [0, 1],
  );
  t.is(socketBelow(stranger), null);
});
