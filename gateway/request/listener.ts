import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { GatewayError } from '../errors.ts';
import { lingeringClose } from '../forward/early-answer.ts';
import type { Logger } from '../ops/log.ts';
import { errorJson } from './error-response.ts';
import { requestId } from './record.ts';
import type { OnUpgrade } from './upgrade.ts';

export interface Doors {
  readonly log: Logger;
  readonly onRequest: RequestListener;
  readonly onUpgrade: OnUpgrade;
  /** Milliseconds for the whole head of a request to arrive. */
  readonly headersTimeout: number;
}

/** Longer than the 60 s after which balancers give up an idle connection, so that it is they who close it. */
const KEEP_ALIVE = 75_000;
/** How often, in ms, Node looks for connections whose head is overdue. */
const CHECK_INTERVAL = 1_000;

/** The public HTTP server: what Node's parser cannot take is answered here, in the same form as every other error. */
export function createListener({ log, onRequest, onUpgrade, headersTimeout }: Doors): Server {
  const answering = new WeakMap<Duplex, ServerResponse>();
  const server = createServer({
    headersTimeout,
    // Uploads may take as long as bytes keep coming; `RequestBody` watches for those that do not.
    requestTimeout: 0,
    connectionsCheckingInterval: CHECK_INTERVAL,
    keepAliveTimeout: KEEP_ALIVE,
    // Absent and repeated Host lines are refused by `readHead`, as JSON.
    requireHostHeader: false,
    // Any other protocol that a client offers to change to is ignored (RFC 9110 section 7.8).
    shouldUpgradeCallback: (req) => req.method === 'GET' && req.headers.upgrade?.toLowerCase() === 'websocket',
  });
  // Node would cut the list of fields silently; its size is bounded by `maxHeaderSize` already.
  server.maxHeadersCount = 0;

  const receive: RequestListener = (req, res) => {
    answering.set(req.socket, res);
    onRequest(req, res);
  };
  server.on('request', receive);
  // Without a listener Node says 100 before anybody has looked at the credentials, and 417 in a form of its own.
  server.on('checkContinue', receive);
  server.on('checkExpectation', receive);
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => void onUpgrade(req, socket, head));
  server.on('connect', (_req: IncomingMessage, socket: Duplex) => {
    refuse(socket, new GatewayError('bad_request', 'CONNECT', { publicMessage: 'The request target must be a path' }));
  });

  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const current = answering.get(socket);
    if (!socket.writable || error.code === 'ECONNRESET' || (current?.headersSent && !current.writableFinished)) {
      socket.destroy();
    } else if (current !== undefined && !current.writableFinished && current.req.complete) {
      // The fault is in what follows a whole request, which still gets its own answer first.
      current.once('finish', () => refuse(socket, fromParser(error)));
    } else {
      refuse(socket, fromParser(error));
    }
  });

  function refuse(socket: Duplex, error: GatewayError): void {
    const id = requestId(undefined);
    const body = errorJson(error);
    log.info(
      { id, status: error.status, error: error.code, fault: error.fault, detail: error.message },
      'not a request',
    );
    socket.on('error', () => socket.destroy());
    socket.write(
      `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
        `Cache-Control: no-store\r\nX-Request-Id: ${id}\r\nDate: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n${body}`,
    );
    lingeringClose(socket);
  }

  return server;
}

function fromParser(error: NodeJS.ErrnoException): GatewayError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new GatewayError('headers_too_large', error.message);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new GatewayError('request_timeout', 'the head of the request did not arrive in time');
    default:
      return new GatewayError('bad_request', `${error.code ?? ''} ${error.message}`);
  }
}
