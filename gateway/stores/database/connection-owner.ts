import type { Socket } from 'node:net';

/** What the owner of the connections to a server is told, and decides. A connection is known by its socket. */
export interface ConnectionOwner {
  /**
   * Called with the socket of every new connection, so that the owner can destroy them all.
   *
   * @param id by which the server knows it; only of MySQL
   */
  onConnection(socket: Socket, id?: number): void;
  /** Whether a pooled connection may be used once more. */
  isUsable(socket: Socket): boolean;
}
