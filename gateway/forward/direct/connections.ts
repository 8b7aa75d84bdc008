import type { UpstreamSettings } from '../../settings/schema/settings.ts';
import type { UpstreamAddress } from '../path.ts';
import type { ConnectionRoom } from '../upstream/connection-room.ts';
import { createConnector } from '../upstream/connector.ts';
import { DirectConnection, type OpenSocket } from './connection.ts';

/** The connections to one server that the gateway reads and writes by itself. */
export interface DirectConnections {
  /** Takes the connection that became free last, or opens one; at the limit, takes one that is still opening. */
  take(): DirectConnection;
  /** Aborts the exchanges in progress. */
  destroy(): void;
}

/**
 * @param connectTimeout milliseconds
 */
export function directConnections(
  address: UpstreamAddress,
  settings: Pick<UpstreamSettings, 'tls' | 'connections' | 'connectionAge'>,
  connectTimeout: number,
  room: ConnectionRoom,
): DirectConnections {
  const open = socketOpener(address, settings, connectTimeout);
  const all = new Set<DirectConnection>();
  const free: DirectConnection[] = [];

  const onFree = (connection: DirectConnection) => {
    if (connection.isOld) connection.destroy();
    else free.push(connection);
  };
  const onGone = (connection: DirectConnection) => {
    all.delete(connection);
    const place = free.indexOf(connection);
    if (place !== -1) free.splice(place, 1);
  };
  const makeRoom = room.join({
    get size() {
      return all.size;
    },
    closeIdle() {
      const connection = free.shift();
      connection?.destroy();
      return connection !== undefined;
    },
  });
  const newestAbandoned = () => {
    let newest: DirectConnection | undefined;
    for (const connection of all) if (connection.isAbandoned) newest = connection;
    return newest;
  };
  return {
    take() {
      for (let connection = free.pop(); connection !== undefined; connection = free.pop()) {
        if (!connection.isOld) return connection;
        connection.destroy();
      }
      // Each exchange has a place: at the limit, the place of this one has been that of an abandoned connection.
      const abandoned = all.size < settings.connections ? undefined : newestAbandoned();
      if (abandoned !== undefined) return abandoned;
      makeRoom();
      const opened = new DirectConnection(open, settings.connectionAge, onFree, onGone);
      all.add(opened);
      return opened;
    },
    destroy() {
      for (const connection of all) connection.destroy();
    },
  };
}

/** TLS has one connector for all connections, since it keeps the sessions to resume. */
function socketOpener(
  { origin, socketPath }: UpstreamAddress,
  settings: Pick<UpstreamSettings, 'tls'>,
  connectTimeout: number,
): OpenSocket {
  const { protocol, hostname, host, port } = new URL(socketPath === null ? origin : 'http://localhost');
  const place = { protocol, hostname: hostname.replace(/^\[|\]$/g, ''), host, port };
  const http1 = { ...settings, http2: false };
  if (protocol !== 'https:') {
    return (onread, callback) => {
      createConnector(
        http1,
        socketPath,
        connectTimeout,
        onread,
      )(place, (...[error, socket]) => callback(error, socket ?? null));
    };
  }
  const connect = createConnector(http1, socketPath, connectTimeout);
  return ({ callback: read }, callback) => {
    connect(place, (...[error, socket]) => {
      callback(error, socket ?? null);
      socket?.on('data', (bytes: Buffer) => {
        if (!read(bytes.length, bytes)) socket.pause();
      });
    });
  };
}
