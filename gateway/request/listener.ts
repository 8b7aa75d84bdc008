import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { methodNotAllowed, USUAL_METHODS } from '../routing/table.ts';
import { takeConnections } from '../workarounds/node-connection-listener.ts';
import { connectionLimit } from './connections/connection-limit.ts';
import { namePeers } from './connections/peer-address.ts';
import { connectionsThrough, type Stage } from './connections/stages.ts';
import { MessageReader } from './message-reader.ts';
import type { OnRequest } from './on-request.ts';
import type { OnUpgrade } from './on-upgrade.ts';
import { createPipelining } from './pipelining.ts';
import { KEEP_ALIVE, LAST_CALL } from './plain/plain-connection.ts';
import { servePlain } from './plain/plain-listener.ts';
import type { PlainConnectionDeps } from './plain/plain-request.ts';
import { recordOfNoRequest } from './record.ts';
import { createRefusals, type RefusalDeps, refusalOf } from './refusals.ts';

export interface ListenerDeps extends RefusalDeps {
  /** What happens on a new connection before its first request, in this order. */
  readonly stages: readonly Stage[];
  /** The address of a connection's other end. */
  readonly peerOf: (socketAddress: string | undefined) => string;
  readonly onRequest: OnRequest;
  /** Null: WebSocket handshakes are ordinary requests. */
  readonly onUpgrade: OnUpgrade | null;
  /** The door for plain requests; null: all are for Node's HTTP server. */
  readonly acceptPlain: PlainConnectionDeps['accept'] | null;
  readonly timeouts: ListenerTimeouts;
}

/** Milliseconds. */
export interface ListenerTimeouts {
  /** Until the whole head of a request must have arrived. */
  readonly headers: number;
  /** Without a byte on a connection while the gateway waits for the client. */
  readonly idle: number;
}

export interface Listener {
  readonly server: Server;
  /** Applies to new connections. */
  setTimeouts(timeouts: ListenerTimeouts): void;
  /** From now on, each answer whose head is not sent yet closes its connection. */
  drain(): void;
  /**
   * Takes no connection from now on, and ends idle ones; a new one has a moment for its first request. Resolves when those that
   * are there have ended.
   */
  close(): Promise<void>;
  /** Destroys every connection. */
  cut(): void;
}

/** Milliseconds between Node's checks for overdue request heads. */
const CHECK_INTERVAL = 1_000;
const NOTHING = Buffer.alloc(0);

/** Creates an HTTP server for clients, or for proxies that ask. Requests that Node's parser rejects get the same form of answer as every other error. */
export function createListener(deps: ListenerDeps): Listener {
  const { log, stages, peerOf, senderOf, onRequest, onUpgrade, acceptPlain, timeouts } = deps;
  let isDraining = false;
  const refusals = createRefusals(deps);
  const pipelining = createPipelining(refusals);
  const tunnels = new Set<Duplex>();
  const server = createServer({
    headersTimeout: timeouts.headers,
    // An upload may take as long as bytes keep coming; `RequestBody` times out those that stall.
    requestTimeout: 0,
    connectionsCheckingInterval: CHECK_INTERVAL,
    keepAliveTimeout: KEEP_ALIVE,
    // Requests without a body get no body stream: it is ended and destroyed from the start.
    optimizeEmptyRequests: true,
    // `readHead` refuses absent and repeated Host fields, with a JSON answer.
    requireHostHeader: false,
    // An offer of any other protocol is ignored (RFC 9110 section 7.8).
    shouldUpgradeCallback: (req) =>
      onUpgrade !== null &&
      req.method === 'GET' &&
      req.httpVersion === '1.1' &&
      req.headers.upgrade?.toLowerCase() === 'websocket',
  });
  const serveByNode = takeConnections(server);
  // Node would drop further fields silently; `maxHeaderSize` bounds them already.
  server.maxHeadersCount = 0;
  // Forwarding code handles the `timeout` event of an answer itself; without a listener Node ends the connection.
  server.timeout = timeouts.idle;

  server.maxConnections = connectionLimit();
  // Otherwise a cluster worker passes the connection to another worker, at its limit too. Missing in @types/node.
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
  const serve = (socket: Socket) => {
    serveByNode(socket);
    const turn = pipelining.turnOf(socket);
    turn.reader = new MessageReader(socket, () => turn.answering?.req ?? null);
  };
  // Node gives the head of a connection that it is given its whole time.
  const limitHead = (socket: Socket, ms: number) => {
    const timer = setTimeout(() => {
      const hasHead = pipelining.answering(socket) !== null || tunnels.has(socket);
      if (!hasHead) server.emit('clientError', new OverdueHead(), socket);
    }, ms);
    socket.once('close', () => clearTimeout(timer));
  };
  const plainDeps = { serve, limitHead, refusals, peerOf, senderOf, isDraining: () => isDraining };
  const plain = acceptPlain === null ? null : servePlain(server, { ...plainDeps, accept: acceptPlain });
  const serveNew = (socket: Socket) => {
    serve(socket);
    socket.resume();
  };
  const connections = connectionsThrough([namePeers(server), ...stages], plain?.take ?? serveNew, () => {
    // Warns again after the load has dropped for a while.
    if (connections.size < server.maxConnections / 2) isFull = false;
  });
  server.on('connection', connections.take);

  const receive: RequestListener = (req, res) => {
    const turn = pipelining.turnOf(req.socket);
    // Before the request starts: a refusal may be written at once.
    if (isDraining) res.shouldKeepAlive = false;
    res.on('close', endAfterLast);
    const before = turn.answering;
    turn.answering = res;
    turn.record = null;
    pipelining.inTurn(req, req.socket, { turn, before }, () => {
      const isNewest = turn.answering === res;
      if (isNewest && turn.fault !== null) {
        refusals.refuse(req.socket, refusals.recordOf(req), turn.fault);
        return;
      }
      const record = onRequest(req, res);
      if (isNewest) turn.record = record;
    });
  };
  function endAfterLast(this: ServerResponse): void {
    // Node closes connections that are idle when the server closes, not those that become idle later.
    if (server.listening) return;
    const { socket } = this.req;
    if (!this.shouldKeepAlive) return void socket.destroySoon();
    // The answer's head was sent before shutdown began, so the client may send another request.
    const isIdle = () => pipelining.answering(socket) === this;
    setTimeout(() => isIdle() && socket.destroySoon(), LAST_CALL);
  }
  server.on('request', receive);
  // Without these listeners Node sends 100 before the credentials are checked, and 417 in its own form.
  server.on('checkContinue', receive);
  server.on('checkExpectation', receive);
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    tunnels.add(socket);
    socket.once('close', () => tunnels.delete(socket));
    const turn = pipelining.turnOf(req.socket);
    // A handshake with a body is refused; Node keeps the connection until the body is complete.
    const rest = (req.complete ? turn.reader?.detach() : turn.reader?.stop()) ?? NOTHING;
    const firstBytes = head.length === 0 ? rest : head;
    // The head arrived after the server closed.
    if (!server.listening) socket.destroy();
    else
      pipelining.inTurn(req, socket, { turn, before: turn.answering }, () => void onUpgrade?.(req, socket, firstBytes));
  });
  // A gateway must never be an open proxy.
  server.on('connect', (req: IncomingMessage, socket: Duplex) => {
    const turn = pipelining.turnOf(req.socket);
    turn.reader?.detach();
    pipelining.inTurn(req, socket, { turn, before: turn.answering }, () => {
      refusals.refuse(socket, refusals.recordOf(req), methodNotAllowed(USUAL_METHODS, 'CONNECT'));
    });
  });

  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const turn = pipelining.turnOf(socket);
    const { answering: current, reader } = turn;
    const refusal = refusalOf(error, reader);
    const line = reader?.line ?? '';
    const address = (socket as Socket).remoteAddress;
    const refuseMessage = () => {
      refusals.refuse(socket, recordOfNoRequest(line, peerOf(address)), refusal);
    };
    reader?.stop();
    // Read in full and answered in full; only the flush is pending.
    const isWhole = current?.writableEnded && current.req.complete;
    const isCut = current?.headersSent && !current.writableFinished && !isWhole;
    // An end within a body means that the client has left, not that the message is malformed.
    const hasLeft = error.code === 'HPE_INVALID_EOF_STATE' && turn.record !== null && current?.req.complete === false;
    if (!socket.writable || error.code === 'ECONNRESET' || isCut || hasLeft) {
      socket.destroy();
    } else if (current === null || current.writableFinished) {
      refuseMessage();
    } else if (current.req.complete) {
      // The fault lies behind a whole request, which gets its own answer first.
      current.once('finish', refuseMessage);
    } else if (turn.record === null) {
      // The fault lies in the body of a pipelined request that has not started.
      turn.fault = refusal;
    } else {
      turn.record.failure = refusal;
      turn.record.status = refusal.status;
      turn.record.sent = refusals.answer(socket, turn.record.id, refusal);
    }
  });

  return {
    server,
    setTimeouts({ headers, idle }) {
      server.headersTimeout = headers;
      server.timeout = idle;
    },
    drain() {
      isDraining = true;
      for (const socket of connections.served()) {
        const answer = pipelining.answering(socket);
        if (answer?.headersSent === false) answer.shouldKeepAlive = false;
      }
    },
    async close() {
      const ended = once(server, 'close');
      server.close();
      plain?.closeIdle();
      const lastCall = setTimeout(connections.cutArriving, LAST_CALL);
      await ended;
      clearTimeout(lastCall);
    },
    cut() {
      // This does not cover upgraded connections.
      server.closeAllConnections();
      for (const socket of tunnels) socket.destroy();
      plain?.cut();
      connections.cutArriving();
    },
  };
}

/** As Node reports a head that does not arrive in time. */
class OverdueHead extends Error {
  readonly code = 'ERR_HTTP_REQUEST_TIMEOUT';
}
