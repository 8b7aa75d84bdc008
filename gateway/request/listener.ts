import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { badRequest, GatewayError } from '../errors.ts';
import { lingeringClose } from '../forward/early-answer.ts';
import type { Logger } from '../ops/log.ts';
import { connectionLimit } from './connection-limit.ts';
import { errorJson } from './error-response.ts';
import { requestId } from './record.ts';
import type { OnUpgrade } from './upgrade.ts';

export interface Doors {
  readonly log: Logger;
  readonly onRequest: RequestListener;
  readonly onUpgrade: OnUpgrade;
  readonly timeouts: ListenerTimeouts;
  /** What `Strict-Transport-Security` says to a peer whose request cannot be read; null: nothing. */
  strictTransport(address: string | undefined): string | null;
}

/** Milliseconds. */
export interface ListenerTimeouts {
  /** For the whole head of a request to arrive. */
  readonly headers: number;
  /** That nothing may move on a connection, where it is the client's turn. */
  readonly idle: number;
}

export interface Listener {
  readonly server: Server;
  /** For connections from now on. */
  setTimeouts(timeouts: ListenerTimeouts): void;
  /** Each answer whose head has not been sent is the last of its connection, from now on. */
  drain(): void;
  /** Cuts every WebSocket; Node knows of them no more once they are open. */
  cutTunnels(): void;
}

/** Of one connection. */
interface Turn {
  /** The answer to the newest request. */
  answering: ServerResponse | null;
  /** The requests that wait for their turn. */
  ahead: number;
}

/** Longer than the 60 s after which balancers give up an idle connection, so that it is they who close it. */
const KEEP_ALIVE = 75_000;
/** Milliseconds, at the end, for the next request of a client who could not be told that there is none. */
const LAST_CALL = 500;
/** How often, in ms, Node looks for connections whose head is overdue. */
const CHECK_INTERVAL = 1_000;
/** How many requests one connection may send ahead: few clients send any, and each takes far more memory than bytes. */
const MOST_AHEAD = 100;

/** The public HTTP server: what Node's parser cannot take is answered here, in the same form as every other error. */
export function createListener({ log, onRequest, onUpgrade, timeouts, strictTransport }: Doors): Listener {
  let isDraining = false;
  const turns = new WeakMap<Duplex, Turn>();
  const tunnels = new Set<Duplex>();
  const connections = new Set<Socket>();
  const server = createServer({
    headersTimeout: timeouts.headers,
    // Uploads may take as long as bytes keep coming; `RequestBody` watches for those that do not.
    requestTimeout: 0,
    connectionsCheckingInterval: CHECK_INTERVAL,
    keepAliveTimeout: KEEP_ALIVE,
    // Most requests have no body, and are spared the stream of one: it has ended, and is destroyed, from the start.
    optimizeEmptyRequests: true,
    // Absent and repeated Host lines are refused by `readHead`, as JSON.
    requireHostHeader: false,
    // Any other protocol that a client offers to change to is ignored (RFC 9110 section 7.8).
    shouldUpgradeCallback: (req) =>
      req.method === 'GET' && req.httpVersion === '1.1' && req.headers.upgrade?.toLowerCase() === 'websocket',
  });
  // Node would cut the list of fields silently; its size is bounded by `maxHeaderSize` already.
  server.maxHeadersCount = 0;
  // Whoever forwards an answer hears of it as `timeout` and judges; where nobody does, Node ends the connection.
  server.timeout = timeouts.idle;

  server.maxConnections = connectionLimit();
  // A worker would hand it to another one, which may have as many. The types do not know it yet.
  Object.assign(server, { dropMaxConnection: true });
  let isFull = false;
  server.on('drop', () => {
    if (isFull) return;
    isFull = true;
    log.warn(
      { connections: server.maxConnections },
      'new connections are closed at once: raise the limit of open files (ulimit -n, LimitNOFILE)',
    );
  });
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => {
      connections.delete(socket);
      // Told again when it was better for a while.
      if (connections.size < server.maxConnections / 2) isFull = false;
    });
  });

  /**
   * Requests that a client sends ahead wait for the answers before them. Taken up at once, a read could overtake the
   * write before it (RFC 9112 section 9.3.2), an upgrade could write into another request's answer, and nobody would
   * notice that the client has left those whose turn has not come.
   */
  const inTurn = (socket: Duplex, turn: Turn, start: () => void): void => {
    const before = turn.answering;
    if (before === null || before.closed) {
      // An answer that ended the connection is the last: what follows can get none, and must not be executed either.
      if (socket.writable) start();
      return;
    }
    turn.ahead += 1;
    if (turn.ahead > MOST_AHEAD) {
      socket.destroy();
      return;
    }
    before.once('close', () => {
      turn.ahead -= 1;
      if (socket.writable) start();
    });
  };

  const turnOf = (socket: Duplex): Turn => {
    const turn = turns.get(socket) ?? { answering: null, ahead: 0 };
    turns.set(socket, turn);
    return turn;
  };

  const receive: RequestListener = (req, res) => {
    const turn = turnOf(req.socket);
    // Before it is taken up, since a refusal may be written at once.
    if (isDraining) res.shouldKeepAlive = false;
    res.on('close', endAfterLast);
    inTurn(req.socket, turn, () => onRequest(req, res));
    turn.answering = res;
  };
  function endAfterLast(this: ServerResponse): void {
    // Node closes the idle connections when the server closes, but not those that become idle later.
    if (server.listening) return;
    const { socket } = this.req;
    if (!this.shouldKeepAlive) return void socket.destroySoon();
    // Its head was sent before the end was known, and promised the client another request.
    const isIdle = () => turns.get(socket)?.answering === this;
    setTimeout(() => isIdle() && socket.destroySoon(), LAST_CALL);
  }
  server.on('request', receive);
  // Without a listener Node says 100 before anybody has looked at the credentials, and 417 in a form of its own.
  server.on('checkContinue', receive);
  server.on('checkExpectation', receive);
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    tunnels.add(socket);
    socket.once('close', () => tunnels.delete(socket));
    // A handshake whose head was on its way when the server closed comes too late.
    if (!server.listening) socket.destroy();
    else inTurn(socket, turnOf(socket), () => void onUpgrade(req, socket, head));
  });
  server.on('connect', (_req: IncomingMessage, socket: Duplex) => {
    inTurn(socket, turnOf(socket), () => refuse(socket, badRequest('The request target must be a path')));
  });

  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const current = turnOf(socket).answering;
    // What has been answered in full, and read in full, is only on its way yet.
    const isWhole = current?.writableEnded && current.req.complete;
    const isCut = current?.headersSent && !current.writableFinished && !isWhole;
    if (!socket.writable || error.code === 'ECONNRESET' || isCut) {
      socket.destroy();
    } else if (current !== null && !current.writableFinished && current.req.complete) {
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
    const strict = strictTransport((socket as Socket).remoteAddress);
    socket.write(
      `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
        `${strict === null ? '' : `Strict-Transport-Security: ${strict}\r\n`}` +
        `Cache-Control: no-store\r\nX-Request-Id: ${id}\r\nDate: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n${body}`,
    );
    lingeringClose(socket);
  }

  return {
    server,
    setTimeouts({ headers, idle }) {
      server.headersTimeout = headers;
      server.timeout = idle;
    },
    drain() {
      isDraining = true;
      for (const connection of connections) {
        const answer = turns.get(connection)?.answering;
        if (answer?.headersSent === false) answer.shouldKeepAlive = false;
      }
    },
    cutTunnels() {
      for (const socket of tunnels) socket.destroy();
    },
  };
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
