import { connect, type Socket } from 'node:net';

/**
 * Options of mysql2 with which it verifies that the certificate of the server is for `name`, a host name or an address, and
 * sends a host name as SNI (RFC 6066 section 3). Needs `ssl.verifyIdentity`.
 *
 * mysql2 (3.24) takes the name from `host` alone, and none from an address. Node then takes it from the socket below TLS, which
 * has none for an address either, and accepts a certificate for "localhost".
 *
 * @param keepAliveDelay idle milliseconds before the first TCP keep-alive probe
 */
export function verifiedAs(name: string, { host, port }: { host: string; port: number }, keepAliveDelay: number) {
  return {
    host: name,
    stream(): Socket {
      const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveDelay });
      return Object.assign(socket, { _host: name });
    },
  };
}
