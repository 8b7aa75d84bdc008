import type { Server, Socket } from 'node:net';
import { UNIX_PEER } from '../../fields/forwarded.ts';
import type { Stage } from './stages.ts';

/**
 * Sets the address that a connection counts as coming from, for everything that asks for it: it stands in `remoteAddress` of the
 * socket. A stage that wraps the connection gives it to the socket that wraps it.
 */
export function setPeerAddress(socket: Socket, address: string | undefined): void {
  Object.defineProperty(socket, 'remoteAddress', { value: address, configurable: true });
}

/**
 * Tells the peers of a Unix socket from those of TCP: Node has no address for either where the TCP peer has gone already,
 * although its request may still be read. Such a client must not pass for a trusted proxy.
 */
export function nameUnixPeers(server: Server): Stage {
  let isUnix = false;
  server.on('listening', () => {
    const address = server.address();
    isUnix = address === null || typeof address === 'string';
  });
  return (socket, next) => {
    if (isUnix) setPeerAddress(socket, UNIX_PEER);
    next(socket);
  };
}
