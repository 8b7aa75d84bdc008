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
 * Names the peers of a Unix socket, which have no address. Nor has a peer of TCP that has reset its connection already, such as a
 * check of a load balancer: its request may still be read, but it must not pass for a peer of a Unix socket, and gets no answer.
 */
export function namePeers(server: Server): Stage {
  let isUnix = false;
  server.on('listening', () => {
    const address = server.address();
    isUnix = address === null || typeof address === 'string';
  });
  return (socket, next) => {
    if (isUnix) setPeerAddress(socket, UNIX_PEER);
    if (socket.remoteAddress === undefined) socket.destroy();
    else next(socket);
  };
}
