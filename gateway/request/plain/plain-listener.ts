import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { badRequest } from '../../domain/errors.ts';
import type { SenderOf } from '../../http/client-address.ts';
import { readPlainHead } from '../../http/plain-head.ts';
import { readPlain } from '../incoming-request.ts';
import { outOfTurn } from '../pipelining.ts';
import { recordOfNoRequest, recordOfPlain } from '../record.ts';
import { headOverdue, type Refusals } from '../refusals.ts';
import { PlainConnection } from './plain-connection.ts';
import type { ClientConnection, PlainConnectionDeps } from './plain-request.ts';

export interface PlainListenerDeps {
  /** The door for plain requests. */
  readonly accept: PlainConnectionDeps['accept'];
  /** Gives a connection to Node's HTTP server. */
  serve(socket: Socket): void;
  /** Refuses the head that has begun on a connection of Node's, unless it is complete in so many milliseconds. */
  limitHead(socket: Socket, ms: number): void;
  readonly refusals: Refusals;
  /** The address of a connection's other end. */
  peerOf(socketAddress: string | undefined): string;
  readonly senderOf: SenderOf;
  isDraining(): boolean;
}

/** The connections whose requests have all been plain so far. */
export interface PlainListener {
  /** Takes a new connection. */
  take(socket: Socket): void;
  /** Ends those that wait for a request. */
  closeIdle(): void;
  /** Destroys all. */
  cut(): void;
}

/** Requests of one connection that are logged although they were never started. */
const MOST_LOGGED = 100;

/** Serves the new connections of a server: each begins with plain requests. */
export function servePlain(server: Server, deps: PlainListenerDeps): PlainListener {
  const { accept, serve, limitHead, refusals, peerOf, senderOf, isDraining } = deps;
  const connections = new Set<ClientConnection>();

  const connectionDeps: PlainConnectionDeps = {
    accept,
    isDraining,
    handOver(socket, bytes, left) {
      socket.pause();
      socket.unshift(bytes);
      serve(socket);
      socket.resume();
      if (left !== null) limitHead(socket, left);
    },
    refuse(socket, bytes, cause) {
      const [line = ''] = bytes?.toString('latin1').split('\n', 1) ?? [];
      refusals.refuse(socket, recordOfNoRequest(line, peerOf(socket.remoteAddress)), FAILURES[cause]());
    },
    onDropped(socket, bytes) {
      for (let at = 0, count = 0; count < MOST_LOGGED; count += 1) {
        const plain = readPlainHead(bytes, at, bytes.length);
        const head = typeof plain === 'string' ? null : readPlain(plain);
        if (plain === 'partial') return;
        if (typeof plain === 'string' || head === null) {
          // Only Node's parser tells its body from a further request.
          const [line = ''] = bytes.toString('latin1', at).split('\r\n', 1);
          refusals.neverStarted(recordOfNoRequest(line, peerOf(socket.remoteAddress)), outOfTurn());
          return;
        }
        const { method, url } = plain;
        const sender = senderOf(socket.remoteAddress, head);
        refusals.neverStarted(recordOfPlain({ method, url, head, sender }), outOfTurn());
        at = plain.end + plain.length;
      }
    },
    onGone: (connection) => connections.delete(connection),
    isClosed: () => !server.listening,
    headDeadline: () => server.headersTimeout,
    idleDeadline: () => server.timeout,
  };

  return {
    take(socket) {
      const connection = new PlainConnection(socket, connectionDeps);
      connections.add(connection);
      if (socket.readableLength > 0) connection.readPutBack();
    },
    closeIdle() {
      for (const connection of connections) connection.closeIdle();
    },
    cut() {
      for (const { socket } of connections) socket.destroy();
    },
  };
}

const FAILURES = {
  overdue: headOverdue,
  cut: () => badRequest('The connection ended within the head of a request'),
};
