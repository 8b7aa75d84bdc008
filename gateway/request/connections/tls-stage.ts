import { constants, createHmac } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls';
import type { Handshake } from '../../domain/handshake.ts';
import type { Logger } from '../../ops/log.ts';
import type { ListenTlsSettings } from '../../settings/schema/listen-tls-options.ts';
import { socketBelow } from '../../workarounds/node-socket-below-tls.ts';
import { chooseCertificate, secureContextOptions } from './certificate-choice.ts';
import type { RefuseCleartext } from './cleartext-requests.ts';
import { setPeerAddress } from './peer-address.ts';
import { rarely } from './rare-lines.ts';
import type { Stage, Take } from './stages.ts';

export interface TlsStageDeps {
  readonly log: Logger;
  readonly meter: { handshake(result: Handshake): void };
  /** 32 random bytes, from which the keys of session tickets are derived: the same in all processes of this gateway. */
  readonly ticketSecret: Uint8Array;
  /** The address of a connection's other end. */
  peerOf(socketAddress: string | undefined): string;
  /** Milliseconds for a handshake. */
  deadline(): number;
  readonly refuseCleartext: RefuseCleartext;
}

export interface TlsStage {
  readonly stage: Stage;
  /** Uses other certificates for new connections. Those that are there, and their sessions, stay. */
  use(tls: ListenTlsSettings): void;
}

/** A handshake that is under way. */
interface UnderWay {
  readonly next: Take;
  /** Of the connection, as earlier stages have set it. */
  readonly peerAddress: string | undefined;
  readonly timer: NodeJS.Timeout;
}

/** The first byte of a TLS connection: the type of the record with the ClientHello (RFC 8446 section 5.1). */
const HANDSHAKE = 0x16;
const NO_CERTIFICATE = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE';
/** The beginning of a request line. */
const METHOD = /^[A-Z]{3,16} /;

/**
 * The stage that wraps a connection in TLS. A client that has not finished its handshake counts as a connection, and is cut
 * off when its time is over.
 */
export function createTlsStage(deps: TlsStageDeps, settings: ListenTlsSettings): TlsStage {
  const { meter, deadline, refuseCleartext } = deps;
  const failed = createFailures(deps);
  const underWay = new WeakMap<Socket, UnderWay>();
  let server = serverFor(settings);

  /** A server that never listens: it is given each connection. */
  function serverFor(tls: ListenTlsSettings): Server {
    const made = createServer(serverOptions(tls, deps.ticketSecret));
    made.on('secureConnection', (secured) => {
      const connection = endOf(secured);
      if (connection === undefined) return void secured.destroy();
      meter.handshake(secured.isSessionReused() ? 'resumed' : 'full');
      setPeerAddress(secured, connection.peerAddress);
      connection.next(secured);
    });
    made.on('tlsClientError', (error, secured) => {
      const connection = endOf(secured);
      if (connection !== undefined) failed(connection.peerAddress, resultOf(error, secured), reasonOf(error, secured));
      secured.destroy();
    });
    return made;
  }

  function endOf(secured: TLSSocket): UnderWay | undefined {
    const accepted = socketBelow(secured);
    const connection = accepted === null ? undefined : underWay.get(accepted);
    if (accepted === null || connection === undefined) return undefined;
    underWay.delete(accepted);
    clearTimeout(connection.timer);
    return connection;
  }

  return {
    use(tls) {
      server = serverFor(tls);
    },
    stage(socket, next) {
      // Once the connection has closed, Node does not tell it any more.
      const peerAddress = socket.remoteAddress;
      const timer = setTimeout(() => {
        underWay.delete(socket);
        failed(peerAddress, 'overdue', 'the handshake was not finished in time');
        socket.destroy();
      }, deadline());
      socket.once('close', () => clearTimeout(timer));
      socket.on('error', ignore);
      onFirstBytes(socket, (bytes) => {
        if (bytes[0] === HANDSHAKE) {
          socket.unshift(bytes);
          underWay.set(socket, { next, timer, peerAddress });
          server.emit('connection', socket);
          return;
        }
        clearTimeout(timer);
        failed(peerAddress, 'cleartext', 'the client does not use TLS');
        if (METHOD.test(bytes.toString('latin1', 0, 17))) refuseCleartext(socket, bytes);
        else socket.destroy();
      });
    },
  };
}

/** Takes the first bytes of a connection from its stream. A client that ends it instead gets the same in return. */
function onFirstBytes(socket: Socket, take: (bytes: Buffer) => void): void {
  const read = () => {
    const bytes: Buffer | null = socket.read();
    if (bytes === null) return;
    socket.off('readable', read);
    socket.off('end', end);
    take(bytes);
  };
  const end = () => socket.end();
  socket.on('readable', read);
  socket.on('end', end);
}

function serverOptions(tls: ListenTlsSettings, ticketSecret: Uint8Array) {
  const [first] = tls;
  const choose = chooseCertificate(tls);
  return {
    ...(first !== undefined && secureContextOptions(first)),
    SNICallback: (serverName: string, done: (error: null, context?: SecureContext) => void) =>
      done(null, choose(serverName)),
    // A client that offers other protocols only is refused (RFC 7301 section 3.2; ALPACA).
    ALPNProtocols: ['http/1.1'],
    requestCert: first?.clientCa !== undefined,
    rejectUnauthorized: true,
    ticketKeys: ticketKeys(ticketSecret),
    sessionIdContext: 'gatehouse',
    secureOptions: first?.clientCa === undefined ? NO_RENEGOTIATION : NO_RENEGOTIATION | NO_RESUMPTION,
  };
}

/** A client could otherwise have the gateway compute a handshake at little cost of its own. */
const NO_RENEGOTIATION = constants.SSL_OP_NO_RENEGOTIATION;
/**
 * OpenSSL does not verify the certificate of a client again when its session is resumed, and each resumption gives a new ticket: a
 * certificate that has expired would count for ever. Without tickets, nothing is left to resume, as this server keeps no sessions.
 */
const NO_RESUMPTION = constants.SSL_OP_NO_TICKET;

/** The 48 bytes that Node takes. */
function ticketKeys(secret: Uint8Array): Buffer {
  return createHmac('sha384', secret).digest();
}

type Failed = (peerAddress: string | undefined, result: Handshake, reason: string) => void;

/** Counts handshakes that fail, and logs one a minute of each kind: any port scanner causes them. */
function createFailures({ log, meter, peerOf }: TlsStageDeps): Failed {
  const write = rarely<Handshake>(log);
  return (peerAddress, result, reason) => {
    meter.handshake(result);
    // Clients open connections ahead and leave them unused.
    if (result !== 'left')
      write(result, { peer: peerOf(peerAddress), reason, fault: 'client' }, 'TLS handshake failed');
  };
}

function resultOf({ code }: NodeJS.ErrnoException, secured: TLSSocket): Handshake {
  if (secured.authorizationError || code === NO_CERTIFICATE) return 'client_certificate';
  return code === 'ECONNRESET' || code === 'EPIPE' ? 'left' : 'refused';
}

function reasonOf({ code, message }: NodeJS.ErrnoException, { authorizationError }: TLSSocket): string {
  if (code === NO_CERTIFICATE) return 'the client has no certificate, which listen.tls.clientCa requires';
  if (authorizationError) return `the client has no valid certificate of listen.tls.clientCa (${authorizationError})`;
  return code ?? message;
}

function ignore(): void {}
