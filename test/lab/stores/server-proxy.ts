import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Scope } from '../scope.ts';

/** A TCP proxy in front of a database server, on which a test makes the network fail. */
export interface ServerProxy {
  readonly port: number;
  /** Cuts the next `times` connections on which the client asks something, before the server gets it. */
  breakNext(times: number): void;
  /** Cuts the next `times` connections on which the server answers, after half of the answer. */
  breakAnswers(times: number): void;
  /** The present connections stay open and carry nothing any more. */
  silence(): void;
  /** Connections from now on lead to this port. */
  leadTo(port: number): void;
}

/** The first two messages of a client are the handshake and the preparation of the session. */
const PREPARATION = 2;

/** @param target a port of 127.0.0.1 */
export async function serverProxy(t: Scope, target: number): Promise<ServerProxy> {
  let current = target;
  let toBreak = 0;
  let answersToBreak = 0;
  const sockets = new Set<Socket>();
  const silenced = new WeakSet<Socket>();
  const proxy = createServer((client) => {
    const server = connect(current, '127.0.0.1');
    let questions = 0;
    for (const socket of [client, server]) sockets.add(socket.on('error', () => {}));
    client.on('close', () => silenced.has(client) || server.destroy());
    server.on('close', () => silenced.has(client) || client.destroy());
    client.on('data', (data) => {
      if (silenced.has(client)) return;
      if (++questions > PREPARATION && toBreak > 0) {
        toBreak--;
        client.destroy();
      } else {
        server.write(data);
      }
    });
    server.on('data', (data: Buffer) => {
      if (silenced.has(client)) return;
      if (questions > PREPARATION && answersToBreak > 0) {
        answersToBreak--;
        client.end(data.subarray(0, data.length / 2));
        server.destroy();
      } else {
        client.write(data);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.teardown(() => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  });
  const bound = proxy.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  return {
    port: bound.port,
    breakNext(times) {
      toBreak = times;
    },
    breakAnswers(times) {
      answersToBreak = times;
    },
    silence() {
      for (const socket of sockets) silenced.add(socket);
    },
    leadTo(port) {
      current = port;
    },
  };
}
