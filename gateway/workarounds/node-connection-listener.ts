import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Takes the new connections of an HTTP server in place of Node's own listener.
 *
 * Node (20 to 26) serves every connection of an HTTP server from its first byte, and has no hook for a connection that the
 * server is to get later. Its own listener is the only one of a new server.
 *
 * @returns gives a connection to Node, with what it has not read
 * @throws TypeError where Node has no such listener
 */
export function takeConnections(server: Server): (socket: Socket) => void {
  const [serve, ...others] = server.listeners('connection');
  if (serve === undefined || others.length > 0) throw new TypeError("Node's HTTP server has no listener of its own");
  server.removeAllListeners('connection');
  return (socket) => void serve.call(server, socket);
}
