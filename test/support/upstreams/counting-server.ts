import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { freePort } from '../../lab/processes/free-port.ts';
import type { Scope } from '../../lab/scope.ts';

/** A server that counts its connections. */
export interface CountingServer {
  readonly url: string;
  /** All connections so far. */
  readonly connections: number;
  /** Currently open connections. */
  readonly open: number;
  closeAll(): void;
}

/** A server that answers each request at once. */
export function answeringServer(t: Scope, fields: Record<string, string> = {}, port = 0): Promise<CountingServer> {
  return listen(t, port, (_path, res) => res.writeHead(200, fields).end('done'));
}

export interface HoldingServer extends CountingServer {
  /** The waiting requests, by path. */
  readonly waiting: ReadonlyMap<string, ServerResponse>;
  answer(path: string): void;
  /** The connection of a request, also after the response. */
  connectionOf(path: string): Socket | undefined;
}

/** A server that answers each request on demand. */
export async function holdingServer(t: Scope): Promise<HoldingServer> {
  const waiting = new Map<string, ServerResponse>();
  const sockets = new Map<string, Socket>();
  const server = await listen(t, 0, (path, res) => {
    waiting.set(path, res);
    if (res.socket !== null) sockets.set(path, res.socket);
  });
  return Object.assign(server, {
    waiting,
    answer(path: string) {
      waiting.get(path)?.end('done');
      waiting.delete(path);
    },
    connectionOf: (path: string) => sockets.get(path),
  });
}

async function listen(
  t: Scope,
  port: number,
  answer: (path: string, res: ServerResponse) => void,
): Promise<CountingServer> {
  let connections = 0;
  const open = new Set<Socket>();
  const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => answer(req.url ?? '', res));
  server.on('connection', (socket) => {
    connections += 1;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  const closeAll = () => {
    for (const socket of open) socket.destroy();
  };
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    closeAll();
    server.close();
  });
  return {
    url: urlOf(server.address() as AddressInfo),
    get connections() {
      return connections;
    },
    get open() {
      return open.size;
    },
    closeAll,
  };
}

/** A port without a listener that no other test gets at the same time. */
export async function closedPort(): Promise<{ url: string; port: number }> {
  const port = await freePort();
  return { url: `http://127.0.0.1:${port}`, port };
}

function urlOf({ port }: AddressInfo): string {
  return `http://127.0.0.1:${port}`;
}
