import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Scope } from '../../test/lab/scope.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

/** What the upstream does with a request for a path. */
const ANSWERS: Readonly<Record<string, (socket: Socket) => void>> = {
  short: (socket) => socket.write(`${OK}Content-Length: 2\r\n\r\nok`),
  endless(socket) {
    socket.write(CHUNKED);
    pour(socket, `10000\r\n${'x'.repeat(65_536)}\r\n`);
  },
  'head-bytes': (socket) => oneByOne(socket, [...`${OK}Content-Length: 0\r\nX: ${'x'.repeat(8_192)}\r\n\r\n`]),
  'chunk-bytes': (socket) => oneByOne(socket, [CHUNKED, ...Array<string>(10_000).fill('1\r\nx\r\n'), '0\r\n\r\n']),
  interim: (socket) => pour(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'),
  extension(socket) {
    socket.write(`${CHUNKED}5;`);
    pour(socket, 'x'.repeat(10_000));
  },
};

/** Starts it. @returns its URL */
export async function listenOn(scope: Scope): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      for (const [, name = ''] of bytes.toString('latin1').matchAll(/^[A-Z]+ \/([\w-]+)/gm)) ANSWERS[name]?.(socket);
    });
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
  await once(server, 'listening');
  scope.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Writes a text again and again, as fast as it is taken. */
function pour(socket: Socket, text: string): void {
  if (socket.destroyed) return;
  if (socket.write(text)) setImmediate(pour, socket, text);
  else socket.once('drain', () => pour(socket, text));
}

/** Writes each piece so that it is sent by itself. */
function oneByOne(socket: Socket, pieces: readonly string[], from = 0): void {
  const piece = pieces[from];
  if (piece === undefined || socket.destroyed) return;
  socket.write(piece, () => setImmediate(oneByOne, socket, pieces, from + 1));
}
