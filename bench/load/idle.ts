import { once } from 'node:events';
import { WebSocket } from 'ws';
import { getRequest, openConnection } from './connection.ts';

/** Connections on which nothing goes on any more. */
export interface Idle {
  /** How many of them are still there. */
  open(): number;
  /** Resolves when all are closed. */
  close(): Promise<void>;
}

/** Connections that are being opened at the same time. */
const AT_ONCE = 50;

/** Opens keep-alive connections, each of which does one request. @throws where that is not answered with 2xx */
export async function idleConnections(
  port: number,
  count: number,
  { path, authorization }: { readonly path: string; readonly authorization: string },
): Promise<Idle> {
  const request = getRequest(path, authorization);
  let lost = 0;
  const connections = await openAll(count, () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const opening = openConnection(port, (error) => {
      lost += 1;
      reject(error);
    });
    return opening.then(async (connection) => {
      connection.send(request, resolve);
      await promise;
      return connection;
    });
  });
  return {
    open: () => connections.length - lost,
    async close() {
      for (const connection of connections.splice(0)) connection.close();
    },
  };
}

/** Opens WebSockets, each of which gets through its handshake and says nothing. @throws where one is refused */
export async function idleWebSockets(url: string, count: number, authorization: string): Promise<Idle> {
  const sockets = await openAll(count, async () => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers: { authorization } });
    await once(socket, 'open');
    // An error closes it, which `open` tells.
    socket.on('error', () => {});
    return socket;
  });
  return {
    open: () => sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length,
    async close() {
      await Promise.all(
        sockets.splice(0).map(async (socket) => {
          const closed = once(socket, 'close');
          socket.close();
          await closed;
        }),
      );
    },
  };
}

async function openAll<T>(count: number, open: () => Promise<T>): Promise<T[]> {
  const opened: T[] = [];
  while (opened.length < count) {
    opened.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened.length) }, open))));
  }
  return opened;
}
