import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import type { Writable } from 'node:stream';
import type { Scope } from '../scope.ts';

const BLOCK = Buffer.alloc(64 * 1024, 'x');

async function writeAll(into: Writable, bytes: number): Promise<void> {
  for (let written = 0; written < bytes; written += BLOCK.length) {
    if (!into.write(BLOCK.subarray(0, bytes - written))) await once(into, 'drain');
  }
}

/** A server that answers `GET …?N` with N bytes, and other requests with the number of bytes received. */
export async function bulkUpstream(t: Scope, protocol: 'HTTP/1.1' | 'HTTP/2'): Promise<string> {
  const create = protocol === 'HTTP/2' ? (createHttp2Server as unknown as typeof createServer) : createServer;
  const server: Server = create(async (req, res) => {
    res.once('error', () => {});
    if (req.method === 'GET') {
      await writeAll(res, Number(req.url?.split('?')[1]));
      res.end();
      return;
    }
    let bytes = 0;
    for await (const chunk of req) bytes += (chunk as Buffer).length;
    res.end(String(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Reads a response as fast as possible. @returns the number of body bytes on the wire */
export async function download(port: number, path: string, bytes: number): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET ${path}?${bytes} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  let received = 0;
  for await (const chunk of socket) received += (chunk as Buffer).length;
  return received;
}

/** Sends a body as fast as possible. @returns the number of bytes that the upstream received */
export async function upload(port: number, path: string, bytes: number): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\nConnection: close\r\n\r\n`);
  await writeAll(socket, bytes);
  let answer = '';
  for await (const chunk of socket.setEncoding('latin1')) answer += chunk;
  return Number(/\r\n(\d+)\r\n0\r\n\r\n$/.exec(answer)?.[1] ?? /\r\n\r\n(\d+)$/.exec(answer)?.[1]);
}
