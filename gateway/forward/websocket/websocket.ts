import type { ClientRequest, IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { createProxyMiddleware, type Plugin } from 'http-proxy-middleware';
import { GatewayError } from '../../domain/errors.ts';
import { lingeringClose } from '../../http/early-answer.ts';
import type { UpstreamSettings } from '../../settings/schema/settings.ts';
import { beforeProxyListeners } from '../../workarounds/proxy-listeners.ts';
import { clientClosed, upstreamFailure } from '../failure.ts';
import { type FieldsByName, fieldsByName } from '../headers/fields.ts';
import type { Outgoing } from '../outgoing.ts';
import { tlsOptions } from '../undici/connector.ts';
import type { AttemptAccount, Upstream } from '../upstream/upstream.ts';
import { openingFields, refusalFields } from './handshake-answer.ts';
import { createTunnel, type Tunnel } from './tunnel.ts';

/** What a handshake comes to. */
export interface HandshakeEvents {
  /** The upstream has answered: 101, or why it would not. */
  onAnswer(status: number): void;
  /** The upstream has accepted. */
  onOpen(tunnel: Tunnel): void;
  /** No answer came. To be answered before this returns: the socket is closed right after. */
  onFailure(error: GatewayError): void;
}

export interface WebSocketForwarder {
  /** Resolves when both connections are closed, or when there was none to the upstream. */
  forward(
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    outgoing: Outgoing,
    events: HandshakeEvents,
  ): Promise<void>;
}

/** Carries WebSocket handshakes and what follows them through http-proxy-middleware. */
export function createWebSocketForwarder(): WebSocketForwarder {
  const pending: Pending = new WeakMap();
  const proxies = new WeakMap<Upstream, ReturnType<typeof createProxyMiddleware<IncomingMessage>>>();

  const proxyTo = (upstream: Upstream, tls: UpstreamSettings['tls']) => {
    let proxy = proxies.get(upstream);
    if (proxy === undefined) {
      const { origin, socketPath } = upstream;
      proxy = createProxyMiddleware<IncomingMessage>({
        target: socketPath === null ? origin : { socketPath },
        // Node would name the `Host` field to TLS, which may be the client's: the upstream's own host is what counts.
        ssl: { servername: serverName(upstream), ...tlsOptions(tls) },
        // The library's own plugins write error answers and log lines in a form of theirs.
        ejectPlugins: true,
        plugins: [observe(pending)],
      });
      proxies.set(upstream, proxy);
    }
    return proxy;
  };

  return {
    async forward(req, socket, head, outgoing, events) {
      const { group } = outgoing;
      const closed = Promise.withResolvers<void>();
      const stopWatching = destroyAtEnd(socket);
      const upstream = await placeFor(socket, outgoing, events);
      if (upstream === null) return;
      if (socket.destroyed) {
        group.leave(upstream);
        events.onFailure(clientClosed());
        return;
      }
      const { target, headers } = outgoing.headFor(upstream);
      req.url = target;
      req.headers = handshakeHeaders(headers);
      const account = upstream.begin();
      pending.set(req, { upstream, outgoing, events, account, stopWatching, isSettled: false });
      // Of its end, more parties hear than Node takes for usual: this one, the library, the tunnel and its watchers.
      socket.setMaxListeners(20);
      socket.once('close', () => {
        group.leave(upstream);
        closed.resolve();
        const settled = settle(pending, req);
        if (settled === undefined) return;
        account.failed(clientClosed());
        events.onFailure(clientClosed());
        settled.proxyReq?.destroy();
      });
      proxyTo(upstream, group.settings.tls).upgrade(
        req,
        socket as Parameters<typeof req.socket.pipe>[0] & typeof req.socket,
        head,
      );
      return closed.promise;
    },
  };
}

/** @returns the server at which the handshake has a place until its connection closes; null: it has been answered */
function placeFor(socket: Duplex, { group }: Outgoing, events: HandshakeEvents): Promise<Upstream | null> {
  const upstream = group.next();
  if (upstream !== null) return Promise.resolve(upstream);
  return new Promise((resolve) => {
    const fail = (error: GatewayError) => {
      socket.off('close', onClose);
      events.onFailure(error);
      resolve(null);
    };
    const stopWaiting = group.wait({
      onPlace(place) {
        socket.off('close', onClose);
        resolve(place);
      },
      onOverdue: fail,
    });
    const onClose = () => {
      stopWaiting();
      fail(clientClosed());
    };
    socket.once('close', onClose);
  });
}

/** Milliseconds for the second side of a WebSocket to end after the first one did. */
const HALF_CLOSED = 5_000;

/** The handshakes that have not been answered. */
type Pending = WeakMap<IncomingMessage, Handshake>;

interface Handshake {
  readonly upstream: Upstream;
  readonly outgoing: Outgoing;
  readonly events: HandshakeEvents;
  readonly account: AttemptAccount;
  stopWatching(): void;
  isSettled: boolean;
  /** What ends it when it is overdue. */
  timer?: NodeJS.Timeout;
  proxyReq?: ClientRequest;
}

/** @returns the handshake, unless it has been settled before */
function settle(pending: Pending, req: IncomingMessage): Handshake | undefined {
  const handshake = pending.get(req);
  if (handshake === undefined) return undefined;
  pending.delete(req);
  handshake.stopWatching();
  handshake.isSettled = true;
  clearTimeout(handshake.timer);
  return handshake;
}

/** Ends a handshake that passes one of the deadlines which requests have: for a connection, for the answer, for all of it. */
function endOverdue(proxyReq: ClientRequest, handshake: Handshake): void {
  const { connect, firstByte, request } = handshake.outgoing.deadlines;
  const begunAt = performance.now();
  const within = (milliseconds: number, what: string) => {
    clearTimeout(handshake.timer);
    const left = request === null ? milliseconds : Math.min(milliseconds, begunAt + request - performance.now());
    handshake.timer = setTimeout(() => {
      const detail = `${what} within ${Math.round(left)} ms`;
      proxyReq.destroy(new GatewayError('gateway_timeout', detail));
    }, left);
  };
  handshake.proxyReq = proxyReq;
  within(connect, 'no connection');
  proxyReq.once('socket', (socket) => {
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
      if (!handshake.isSettled) within(firstByte, 'no answer to the handshake');
    });
  });
}

/**
 * Judges the upstream's answer before the library hears of it, hears of failures, and ties the ends of the two connections
 * together.
 */
function observe(pending: Pending): Plugin<IncomingMessage> {
  const fail = (settled: Handshake | undefined, error: GatewayError) => {
    settled?.account.failed(error);
    settled?.events.onFailure(error);
  };
  const answered = ({ account, events }: Handshake, status: number) => {
    account.answered();
    // The tunnel holds a place, and counts no longer as a request without an answer.
    account.ended();
    events.onAnswer(status);
  };
  /** Puts the fields that may pass in the place of those that came. @returns whether the answer may pass at all */
  const mayPass = (
    settled: Handshake | undefined,
    response: IncomingMessage,
    fieldsOf: typeof openingFields,
  ): settled is Handshake => {
    if (settled === undefined) return false;
    try {
      response.headers = fieldsOf(response, settled.outgoing, settled.upstream);
      return true;
    } catch (error) {
      fail(settled, upstreamFailure(error));
      return false;
    }
  };
  return (proxy) => {
    proxy.on('proxyReqWs', (proxyReq: ClientRequest, req: IncomingMessage, socket: Duplex) => {
      // Node would keep a thousand of the answer's fields, and say nothing of the others.
      proxyReq.maxHeadersCount = 0;
      const handshake = pending.get(req);
      if (handshake !== undefined) endOverdue(proxyReq, handshake);
      beforeProxyListeners(proxyReq, 'response', (response) => {
        const settled = settle(pending, req);
        if (!mayPass(settled, response, refusalFields)) {
          response.destroy();
          return false;
        }
        // Whatever the upstream speaks, it is the gateway that answers.
        response.httpVersion = '1.1';
        answered(settled, response.statusCode ?? 502);
        // The library ends its half alone, and a client that never ends its own would keep the connection.
        socket.once('finish', () => lingeringClose(socket));
        const { idle } = settled.outgoing.deadlines;
        response.setTimeout(idle, () => response.destroy(new Error('the upstream stopped sending its refusal')));
        return true;
      });
      beforeProxyListeners(proxyReq, 'upgrade', (response, upstreamSocket) => {
        const settled = settle(pending, req);
        if (!mayPass(settled, response, openingFields)) {
          upstreamSocket.destroy();
          return false;
        }
        // The library writes the head as text: one byte a character, as the upstream's was read.
        socket.setDefaultEncoding('latin1');
        answered(settled, 101);
        settled.events.onOpen(createTunnel(socket, upstreamSocket));
        // A peer that vanishes, or never closes its half, must not keep the other side's connection.
        socket.once('close', () => upstreamSocket.destroy());
        upstreamSocket.once('close', () => lingeringClose(socket));
        for (const half of [socket, upstreamSocket]) {
          half.once('end', () => {
            const timer = setTimeout(() => socket.destroy(), HALF_CLOSED);
            socket.once('close', () => clearTimeout(timer));
          });
        }
        return true;
      });
    });
    proxy.on('error', (error, req, socket) => {
      const settled = req && settle(pending, req as IncomingMessage);
      fail(settled, (socket as Duplex).destroyed ? clientClosed() : upstreamFailure(error));
    });
  };
}

/**
 * A client that ends its half before it was answered has left, and nobody reads from its socket who would notice.
 *
 * @returns what ends the watch, before somebody else reads from the socket
 */
function destroyAtEnd(socket: Duplex): () => void {
  // Node emits `readable` with nothing to read at the end alone.
  const onReadable = () => {
    if (socket.readableLength === 0) socket.destroy();
  };
  socket.on('readable', onReadable);
  return () => socket.off('readable', onReadable);
}

/** The name of an upstream's host for TLS; none for an address (RFC 6066 section 3). */
function serverName({ host }: Upstream): string {
  const { hostname } = new URL(`https://${host}`);
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? hostname : '';
}

/** The handshake's fields in the form that Node's client takes; the two that name the new protocol are written anew. */
function handshakeHeaders(flat: readonly string[]): FieldsByName {
  return { ...fieldsByName(flat), connection: 'Upgrade', upgrade: 'websocket' };
}
