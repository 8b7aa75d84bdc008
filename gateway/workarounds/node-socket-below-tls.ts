import type { Socket } from 'node:net';

/**
 * The connection below a TLS socket, which a TLS server was given by its event `connection`.
 *
 * Node (20 to 26) tells by `secureConnection` and `tlsClientError` only the socket that it has wrapped around the connection, and
 * resets no connection through that.
 *
 * @returns null for a socket without TLS, and where Node has no such property
 */
export function socketBelow(socket: Socket): Socket | null {
  return (socket as { _parent?: Socket | null })._parent ?? null;
}
