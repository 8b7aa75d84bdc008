import { buildConnector } from 'undici';
import type { UpstreamSettings } from '../../settings/schema/settings.ts';
import { readBeforeWriteFails } from '../../workarounds/node-lost-write.ts';

/** The code for a connection that the upstream has reset: one that undici does not know. */
const UPSTREAM_RESET = 'ERR_UPSTREAM_RESET';

/**
 * Connects as undici does, with three differences.
 *
 * - Undici takes the server name for TLS from the client's `Host`, so that the client would choose which certificate is
 *   valid. Here it is the upstream's own host.
 * - Undici reads a reset as the end of an answer that only the end of the connection delimits, so that a truncated answer
 *   would look complete. Under another code, a reset stays an error.
 * - A failed write is reported after the data that has arrived is read.
 *
 * @param timeout milliseconds for TCP and TLS together
 */
export function createConnector(
  { tls, http2 }: Pick<UpstreamSettings, 'tls' | 'http2'>,
  socketPath: string | null,
  timeout: number,
): buildConnector.connector {
  const connect = buildConnector({
    timeout,
    allowH2: http2,
    preferH2: http2,
    ...(socketPath !== null && { socketPath }),
    ...tlsOptions(tls),
  });
  return ({ servername: _clientHost, ...options }, callback) =>
    connect(options, (...result) => {
      const [failure, socket] = result;
      if (failure === null) {
        socket.prependListener('error', (error: NodeJS.ErrnoException) => {
          if (error.code === 'ECONNRESET') error.code = UPSTREAM_RESET;
        });
        readBeforeWriteFails(socket);
        // Without TLS there is no ALPN: the settings say that the upstream speaks HTTP/2 (RFC 9113 section 3.3).
        if (http2 && options.protocol === 'http:') Object.assign(socket, { alpnProtocol: 'h2' });
      }
      callback(...result);
    });
}

/** The group's TLS options under Node's names. */
export function tlsOptions({ ca, certificate, key, serverName }: UpstreamSettings['tls']) {
  return {
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}
