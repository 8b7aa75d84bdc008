import { type buildConnector, Client, type Dispatcher, Pool } from 'undici';
import type { UpstreamSettings } from '../../settings/schema/settings.ts';
import { allowManyFields } from '../../workarounds/undici-http2-fields-limit.ts';
import { keepReasonOctets } from '../../workarounds/undici-reason-octets.ts';
import type { UpstreamAddress } from '../path.ts';
import { ConnectionPool } from './connection-pool.ts';
import { createConnector } from './connector.ts';

allowManyFields();

/**
 * The connections to one server.
 *
 * @param connectTimeout milliseconds
 */
export function createPool(
  { origin, socketPath }: UpstreamAddress,
  settings: Pick<UpstreamSettings, 'tls' | 'http2' | 'connections' | 'connectionAge' | 'health'>,
  connectTimeout: number,
): Dispatcher {
  const connect = createConnector(settings, socketPath, connectTimeout);
  const place = socketPath === null ? origin : 'http://localhost';
  if (!settings.http2) {
    return new ConnectionPool(place, {
      connect,
      headersTimeout: connectTimeout,
      age: settings.connectionAge,
      // Health checks take no place of a request.
      most: settings.connections + (settings.health === undefined ? 0 : 1),
    });
  }
  return new Pool(place, {
    connect,
    clientTtl: settings.connectionAge,
    connections: settings.connections,
    // Undici would have all requests wait for the first connection, to learn which protocol it has, and try one after the
    // other where it fails. So each gets one of its own until there is one that can be shared.
    allowH2: false,
    factory: (url, options) => http2Client(url, options, connect),
    // Of a server that lets no request begin; each has its own for the head of its answer.
    headersTimeout: connectTimeout,
  });
}

/** Requests that may share a connection of HTTP/2. */
export const MOST_STREAMS = 100;

/**
 * A connection that shares itself where HTTP/2 has been agreed on, and takes one request at a time otherwise: with
 * HTTP/1.1, one would wait behind the long answer of another. When a connection goes away while requests are under way, it
 * is by the same number that undici decides whether to make a new one for the next.
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
