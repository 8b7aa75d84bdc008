import type { IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { clientClosed, type GatewayError } from '../../domain/errors.ts';
import { type FieldsByName, fieldsByName, type RawFields } from '../../fields/raw-fields.ts';
import type { UpstreamSettings } from '../../settings/schema/settings.ts';
import { nodeTlsOptions } from '../../settings/schema/tls-options.ts';
import type { Outgoing } from '../outgoing.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { type HandshakeEvents, observe, type Pending, settle } from './handshake.ts';

export interface WebSocketForwarder {
  /**
   * Resolves when both connections are closed, or when there was none to the upstream.
   *
   * @param firstBytes what the client has sent after its handshake
   */
  forward(
    req: IncomingMessage,
    socket: Duplex,
    firstBytes: Buffer,
    outgoing: Outgoing,
    events: HandshakeEvents,
  ): Promise<void>;
}

/** Forwards WebSocket handshakes and their connections through http-proxy-middleware. */
export function createWebSocketForwarder(): WebSocketForwarder {
  const pending: Pending = new WeakMap();
  const proxies = new WeakMap<Upstream, ReturnType<typeof createProxyMiddleware<IncomingMessage>>>();

  const proxyTo = (upstream: Upstream, tls: UpstreamSettings['tls']) => {
    let proxy = proxies.get(upstream);
    if (proxy === undefined) {
      const { origin, socketPath } = upstream;
      proxy = createProxyMiddleware<IncomingMessage>({
        target: socketPath === null ? origin : { socketPath },
        // Node would take the server name for TLS from the `Host` field, which may be the client's.
        ssl: { servername: serverName(upstream), ...nodeTlsOptions(tls) },
        // The library's own plugins write error answers and log lines in another form.
        ejectPlugins: true,
        plugins: [observe(pending)],
      });
      proxies.set(upstream, proxy);
    }
    return proxy;
  };

  return {
    async forward(req, socket, firstBytes, outgoing, events) {
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
      socket.once('close', () => {
        group.leave(upstream);
        closed.resolve();
        const settled = settle(pending, req);
        if (settled === undefined) return;
        account.failed(clientClosed());
        events.onFailure(clientClosed());
        settled.proxyReq?.destroy();
      });
      proxyTo(upstream, group.settings.tls).upgrade(req, socket as Socket, firstBytes);
      return closed.promise;
    },
  };
}

/** @returns the server that has a place for the handshake until its connection closes; null: `onFailure` was called */
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

/**
 * Destroys the socket of a client that ends its half before the answer: it has left, and no other code reads from the
 * socket until then.
 *
 * @returns stops the watch; to be called before other code reads from the socket
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
function handshakeHeaders(fields: RawFields): FieldsByName {
  return { ...fieldsByName(fields), connection: 'Upgrade', upgrade: 'websocket' };
}
