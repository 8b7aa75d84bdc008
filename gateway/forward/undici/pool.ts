import { type buildConnector, Client, type Dispatcher, Pool } from 'undici';
import type { UpstreamSettings } from '../../settings/schema/settings.ts';
import { freeSessionsLast } from '../../workarounds/node-http2-session-order.ts';
import { allowManyFields } from '../../workarounds/undici-http2-fields-limit.ts';
import { keepReasonOctets } from '../../workarounds/undici-reason-octets.ts';
import type { UpstreamAddress } from '../path.ts';
import type { ConnectionRoom } from '../upstream/connection-room.ts';
import { createConnector } from '../upstream/connector.ts';
import { ConnectionPool } from './connection-pool.ts';

allowManyFields();
freeSessionsLast();

/**
 * The connections to one server.
 *
 * @param connectTimeout milliseconds
 */
export function createPool(
  { origin, socketPath }: UpstreamAddress,
  settings: Pick<UpstreamSettings, 'tls' | 'http2' | 'connections' | 'connectionAge' | 'health'>,
  connectTimeout: number,
  room: ConnectionRoom,
): Dispatcher {
  const connect = createConnector(settings, socketPath, connectTimeout);
  const place = socketPath === null ? origin : 'http://localhost';
  if (!settings.http2) {
    return new ConnectionPool(
      place,
      {
        connect,
        headersTimeout: connectTimeout,
        age: settings.connectionAge,
        // One more for health checks, which must not take the place of a request.
        most: settings.connections + (settings.health === undefined ? 0 : 1),
      },
      room,
    );
  }
  return new Pool(place, {
    connect,
    clientTtl: settings.connectionAge,
    connections: settings.connections,
    // With true, all requests would wait for the first connection to negotiate its protocol, and fail one after the other.
    // With false, each request gets its own connection until one can be shared.
    allowH2: false,
    factory: (url, options) => http2Client(url, options, connect),
    // For a server that accepts no request. Each request has its own deadline for the head of its answer.
    headersTimeout: connectTimeout,
  });
}

/** Most requests that share an HTTP/2 connection. */
export const MOST_STREAMS = 100;

/**
 * A connection that many requests share over HTTP/2, and that takes one request at a time over HTTP/1.1, where a request
 * would wait behind the long answer of another (head-of-line blocking). By the same number (`pipelining`) undici decides
 * whether to reconnect when a connection is lost with requests in progress.
 */
function http2Client(url: URL, options: object, connect: buildConnector.connector): Client {
  const client = new Client(url, {
    ...options,
    allowH2: true,
    connect: (place, callback) =>
      connect(place, (...result) => {
        const [error, socket] = result;
        const isShared = error === null && 'alpnProtocol' in socket && socket.alpnProtocol === 'h2';
        client.pipelining = isShared ? MOST_STREAMS : 1;
        callback(...result);
      }),
  });
  keepReasonOctets(client);
  return client;
}
