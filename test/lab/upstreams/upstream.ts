import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import type { Scope } from '../scope.ts';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  /** The values of a field, one for each line. */
  values(name: string): string[];
}

export interface TestUpstream {
  readonly url: string;
  readonly port: number;
  readonly seen: SeenRequest[];
}

const answerOk: RequestListener = (req, res) => {
  req.resume();
  res.setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify({ url: req.url, userId: req.headers['x-user-id'] ?? null }));
};

/** A real HTTP server that records the head of each request. */
export async function httpUpstream(t: Scope, answer: RequestListener = answerOk): Promise<TestUpstream> {
  const seen: SeenRequest[] = [];
  const server = createServer((req, res) => {
    seen.push(seenFrom(req));
    answer(req, res);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, seen };
}

/** A TCP server; the test handles its connections. */
export async function tcpUpstream(
  t: ExecutionContext,
  onConnection: (socket: Socket) => void,
): Promise<{ url: string; port: number }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port };
}

export function seenFrom(req: IncomingMessage): SeenRequest {
  const rawHeaders = [...req.rawHeaders];
  return {
    method: req.method ?? '',
    url: req.url ?? '',
    rawHeaders,
    values: (name) =>
      rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name.toLowerCase()),
  };
}
