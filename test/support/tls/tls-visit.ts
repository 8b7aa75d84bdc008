import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { requestText } from '../gateways/forwarding.ts';
import { AUTHORITY, type KeyPair } from '../stores/certificates.ts';

/** How a handshake and one request after it ended. */
export interface Visit {
  /** The code of the first error; null: none. */
  readonly error: string | null;
  /** The whole answer as text; empty: none. */
  readonly answer: string;
  /** The common name in the certificate of the gateway. */
  readonly shown: string | undefined;
  readonly isResumed: boolean;
  readonly protocol: string | null;
  readonly alpn: string | false | null;
  /** For `session` of a later visit. */
  readonly session: Buffer | undefined;
}

const REQUEST = requestText('GET /s', ['Connection: close']);

/** A connection of a client that trusts `AUTHORITY` and asks for `localhost`, unless `options` say otherwise. */
export function tlsClient(port: number, options: ConnectionOptions = {}): TLSSocket {
  return connect({ ...{ host: '127.0.0.1', port, ca: AUTHORITY.cert, servername: 'localhost' }, ...options });
}

/** Connects, sends `GET /s`, and resolves when the connection is over. */
export function visit(port: number, options: ConnectionOptions = {}): Promise<Visit> {
  const socket = tlsClient(port, options);
  let seen: Visit = {
    ...{ error: null, answer: '', shown: undefined, isResumed: false, protocol: null, alpn: null, session: undefined },
  };
  socket.setEncoding('latin1');
  socket.on('session', (session) => {
    seen = { ...seen, session };
  });
  socket.on('secureConnect', () => {
    const shown = socket.getPeerCertificate().subject?.CN?.toString();
    const [isResumed, protocol, alpn] = [socket.isSessionReused(), socket.getProtocol(), socket.alpnProtocol];
    seen = { ...seen, shown, isResumed, protocol, alpn };
    socket.write(REQUEST);
  });
  socket.on('data', (text: string) => {
    seen = { ...seen, answer: seen.answer + text };
  });
  socket.on('error', (failure: NodeJS.ErrnoException) => {
    seen = { ...seen, error: seen.error ?? failure.code ?? failure.message };
  });
  return new Promise((resolve) => socket.on('close', () => resolve(seen)));
}

/** An entry of `listen.tls`. */
export function entry({ cert, key }: KeyPair, more: object = {}): object {
  return { certificate: cert, key, ...more };
}
