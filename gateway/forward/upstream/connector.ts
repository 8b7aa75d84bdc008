import type { OnReadOpts } from 'node:net';
import { buildConnector } from 'undici';
import type { UpstreamSettings } from '../../settings/schema/settings.ts';
import { nodeTlsOptions } from '../../settings/schema/tls-options.ts';
import { readBeforeWriteFails } from '../../workarounds/node-lost-write.ts';
import { keepResets } from '../../workarounds/undici-reset.ts';

/**
 * Connects as undici does, but takes the server name for TLS from the upstream's own host. Undici takes it from the client's
 * `Host`, so that the client would choose which certificate is valid.
 *
 * @param timeout milliseconds for TCP and TLS together
 * @param onread takes the bytes of a connection without TLS, in place of `data` events
 */
export function createConnector(
  { tls, http2 }: Pick<UpstreamSettings, 'tls' | 'http2'>,
  socketPath: string | null,
  timeout: number,
  onread?: OnReadOpts,
): buildConnector.connector {
  // Without TLS there is no ALPN: the settings say that the upstream speaks HTTP/2 (RFC 9113 section 3.3). undici's types leave
  // this option out of the connector's.
  const cleartext = { useH2c: http2 };
  const connect = buildConnector({
    timeout,
    allowH2: http2,
    preferH2: http2,
    ...cleartext,
    ...(socketPath !== null && { socketPath }),
    ...(onread !== undefined && { onread }),
    ...nodeTlsOptions(tls),
  });
  return ({ servername: _clientHost, ...place }, callback) =>
    connect(place, (...result) => {
      const [failure, socket] = result;
      if (failure === null) {
        keepResets(socket);
        readBeforeWriteFails(socket);
      }
      callback(...result);
    });
}
