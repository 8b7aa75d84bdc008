import type { Socket } from 'node:net';
import type { DatabaseLocation } from '../../settings/schema/database-url.ts';
import type { TlsSettings } from '../../settings/schema/settings.ts';
import type { ConnectionOwner } from './connection-owner.ts';
import type { MysqlConnection } from './mysql.ts';
import { cancelStatement, type PostgresConnection } from './postgres.ts';

/** The connections of a process to a database server; none for SQLite. */
export interface Connections extends ConnectionOwner {
  /**
   * Destroys a connection: an orderly close would wait for the statement that hangs. Resolves, within the timeout, when it may go
   * back to the pool.
   */
  cut(connection: unknown): Promise<void>;
  /** No present connection is used again: they may be broken, or lead to a server that is not the primary any more. */
  retireAll(): void;
  /** Of the connections to MySQL that are open, the ids by which the server knows them. */
  ids(): readonly number[];
  destroyAll(): void;
}

/**
 * @param tls how the next connections are secured
 * @param timeout milliseconds
 */
export function openConnections(
  location: DatabaseLocation,
  tls: () => TlsSettings | undefined,
  timeout: number,
): Connections {
  const sockets = new Map<Socket, number | undefined>();
  let retired = new WeakSet<Socket>();

  const onConnection = (socket: Socket, id?: number) => {
    sockets.set(socket, id);
    socket.once('close', () => sockets.delete(socket));
  };

  return {
    onConnection,
    async cut(connection) {
      switch (location.kind) {
        case 'sqlite':
          return;
        case 'mysql':
          (connection as MysqlConnection).stream.destroy();
          return;
        case 'postgres': {
          const cutOff = connection as PostgresConnection;
          // A pooler that has noticed that its client is gone would not know any more what to cancel.
          await cancelStatement(location, tls(), cutOff, timeout, onConnection).catch(() => {});
          cutOff.connection.stream.destroy();
        }
      }
    },
    retireAll() {
      retired = new WeakSet(sockets.keys());
    },
    // knex learns a moment later that a connection is destroyed.
    isUsable: (socket) => !socket.destroyed && !retired.has(socket),
    ids: () => [...sockets.values()].filter((id) => id !== undefined),
    destroyAll() {
      for (const socket of sockets.keys()) socket.destroy();
    },
  };
}
