import { buildConnector } from 'undici';
import type { UpstreamSettings } from '../../settings/schema/settings.ts';
import { readBeforeWriteFails } from '../../workarounds/node-lost-write.ts';

/** A code that undici does not know, for a connection that the upstream has reset. */
const UPSTREAM_RESET = 'ERR_UPSTREAM_RESET';

/**
 * Connects as undici does, but for three things.
 *
 * Undici names the client's `Host` to TLS, so that the client would choose which certificate is right: the upstream's
 * own host is what counts. And undici takes a reset for the regular end of an answer that only the end of the connection
 * delimits, so that what is truncated would look whole: under another code it stays an error. And a write that fails waits for what is still to be read.
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
        // Without TLS nobody negotiates: HTTP/2 is spoken to whoever is said to know it (RFC 9113 section 3.3).
        if (http2 && options.protocol === 'http:') Object.assign(socket, { alpnProtocol: 'h2' });
      }
      callback(...result);
    });
}

/** The group's options for TLS, by the names that Node gives them. */
export function tlsOptions({ ca, certificate, key, serverName }: UpstreamSettings['tls']) {
  return {
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}
