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
import { badRequest, GatewayError } from '../domain/errors.ts';
import type { RequestRecord } from '../domain/request-record.ts';
import { lingeringClose } from '../http/early-answer.ts';
import { errorJson } from '../http/error-answer.ts';
import type { Logger } from '../ops/log.ts';
import { methodNotAllowed } from '../routing/table.ts';
import { logRequest, type RequestMeter } from './access-log.ts';
import { connectionLimit } from './connection-limit.ts';
import { MessageReader } from './message-reader.ts';
import type { OnRequest } from './on-request.ts';
import type { OnUpgrade } from './on-upgrade.ts';
import { refusalOf } from './parser-errors.ts';
import { NO_ANSWER, newRecord, recordOfNoRequest, requestId } from './record.ts';

export interface Doors {
  readonly log: Logger;
  readonly meter: RequestMeter;
  /** The address of whoever sends a request, as far as trusted proxies say. */
  readonly clientOf: (req: IncomingMessage) => string;
  /** The address of whoever has opened a connection. */
  readonly peerOf: (socketAddress: string | undefined) => string;
  readonly onRequest: OnRequest;
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
  /** What the log will tell of that request; null: it waits for its turn. */
  record: RequestRecord | null;
  /** What is wrong with the body of that request, where it waits. */
  fault: GatewayError | null;
  /** The requests that wait for their turn, as the log will tell of them if it never comes. */
  readonly ahead: Set<RequestRecord>;
  reader: MessageReader | null;
}

/** Longer than the 60 s after which balancers give up an idle connection, so that it is they who close it. */
const KEEP_ALIVE = 75_000;
/** Milliseconds, at the end, for the next request of a client who could not be told that there is none. */
const LAST_CALL = 500;
/** How often, in ms, Node looks for connections whose head is overdue. */
const CHECK_INTERVAL = 1_000;
/** How many requests one connection may send ahead: few clients send any, and each takes far more memory than bytes. */
const MOST_AHEAD = 100;
const NOTHING = Buffer.alloc(0);

/** The public HTTP server: what Node's parser cannot take is answered here, in the same form as every other error. */
export function createListener(doors: Doors): Listener {
  const { log, meter, clientOf, peerOf, onRequest, onUpgrade, timeouts, strictTransport } = doors;
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
  const inTurn = (
    req: IncomingMessage,
    socket: Duplex,
    { turn, before }: { readonly turn: Turn; readonly before: ServerResponse | null },
    start: () => void,
  ): void => {
    if (before === null || before.closed) {
      // An answer that ended the connection is the last: what follows can get none, and must not be executed either.
      if (socket.writable) start();
      else neverStarted(recordOf(req), outOfTurn());
      return;
    }
    const record = recordOf(req);
    if (turn.ahead.size === MOST_AHEAD) {
      neverStarted(record, badRequest(`More than ${MOST_AHEAD} requests were sent ahead of their answers`));
      socket.destroy();
      return;
    }
    // The answers before them may never say that they are closed.
    if (turn.ahead.size === 0) socket.once('close', () => forget(turn));
    turn.ahead.add(record);
    before.once('close', () => {
      if (socket.writable && turn.ahead.delete(record)) start();
    });
  };

  const forget = (turn: Turn): void => {
    for (const record of turn.ahead) neverStarted(record, outOfTurn());
    turn.ahead.clear();
  };

  const recordOf = (req: IncomingMessage): RequestRecord => {
    const record = newRecord(req, clientOf(req));
    record.id = requestId(req.headers['x-request-id']);
    return record;
  };

  /** A request whose turn did not come: nobody has looked at it, and it has no answer. */
  const neverStarted = (record: RequestRecord, failure: GatewayError): void => {
    record.failure = failure;
    meter.answered(record, NO_ANSWER);
    logRequest(log, record, NO_ANSWER);
  };

  const turnOf = (socket: Duplex): Turn => {
    const known = turns.get(socket);
    if (known !== undefined) return known;
    const turn: Turn = { answering: null, record: null, fault: null, ahead: new Set(), reader: null };
    turns.set(socket, turn);
    return turn;
  };

  server.on('connection', (socket: Socket) => {
    const turn = turnOf(socket);
    turn.reader = new MessageReader(socket, () => turn.answering?.req ?? null);
  });

  const receive: RequestListener = (req, res) => {
    const turn = turnOf(req.socket);
    // Before it is taken up, since a refusal may be written at once.
    if (isDraining) res.shouldKeepAlive = false;
    res.on('close', endAfterLast);
    const before = turn.answering;
    turn.answering = res;
    turn.record = null;
    inTurn(req, req.socket, { turn, before }, () => {
      const isNewest = turn.answering === res;
      if (isNewest && turn.fault !== null) {
        refuse(req.socket, recordOf(req), turn.fault);
        return;
      }
      const record = onRequest(req, res);
      if (isNewest) turn.record = record;
    });
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
    const turn = turnOf(req.socket);
    // A handshake with a body is refused; until that is all there, Node keeps the connection to itself.
    const rest = (req.complete ? turn.reader?.detach() : turn.reader?.stop()) ?? NOTHING;
    const firstBytes = head.length === 0 ? rest : head;
    // A handshake whose head was on its way when the server closed comes too late.
    if (!server.listening) socket.destroy();
    else inTurn(req, socket, { turn, before: turn.answering }, () => void onUpgrade(req, socket, firstBytes));
  });
  // A tunnel to anywhere is what a gateway must never be.
  server.on('connect', (req: IncomingMessage, socket: Duplex) => {
    const turn = turnOf(req.socket);
    turn.reader?.detach();
    inTurn(req, socket, { turn, before: turn.answering }, () => {
      refuse(socket, recordOf(req), methodNotAllowed([], 'CONNECT'));
    });
  });

  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const turn = turnOf(socket);
    const { answering: current, reader } = turn;
    const refusal = refusalOf(error, reader);
    const line = reader?.line ?? '';
    const address = (socket as Socket).remoteAddress;
    const refuseMessage = () => {
      refuse(socket, recordOfNoRequest(line, peerOf(address)), refusal);
    };
    reader?.stop();
    // What has been answered in full, and read in full, is only on its way yet.
    const isWhole = current?.writableEnded && current.req.complete;
    const isCut = current?.headersSent && !current.writableFinished && !isWhole;
    if (!socket.writable || error.code === 'ECONNRESET' || isCut) {
      socket.destroy();
    } else if (current === null || current.writableFinished) {
      refuseMessage();
    } else if (current.req.complete) {
      // The fault is in what follows a whole request, which still gets its own answer first.
      current.once('finish', refuseMessage);
    } else if (turn.record === null) {
      // It is in the body of a request whose turn has not come.
      turn.fault = refusal;
    } else {
      // What ends in the middle of a body is a client that has left, and no malformed message.
      if (error.code !== 'HPE_INVALID_EOF_STATE') {
        turn.record.failure = refusal;
        turn.record.status = refusal.status;
      }
      turn.record.sent = answer(socket, turn.record.id, refusal);
    }
  });

  /** Answers what did not become a request, or is none that the gateway takes. */
  function refuse(socket: Duplex, record: RequestRecord, error: GatewayError): void {
    record.failure = error;
    record.sent = answer(socket, record.id, error);
    meter.answered(record, error.status);
    logRequest(log, record, error.status);
  }

  /** @returns bytes of the body */
  function answer(socket: Duplex, id: string, error: GatewayError): number {
    const body = errorJson(error);
    const length = Buffer.byteLength(body);
    const fields = Object.entries(error.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.on('error', () => socket.destroy());
    const strict = strictTransport((socket as Socket).remoteAddress);
    socket.write(
      `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${length}\r\n${fields.join('')}` +
        `${strict === null ? '' : `Strict-Transport-Security: ${strict}\r\n`}` +
        `Cache-Control: no-store\r\nX-Request-Id: ${id}\r\nDate: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n${body}`,
    );
    lingeringClose(socket);
    return length;
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

function outOfTurn(): GatewayError {
  return new GatewayError('client_closed', 'the connection ended before the turn of this request came');
}
