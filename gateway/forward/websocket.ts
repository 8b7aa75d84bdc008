import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createProxyMiddleware, type Plugin } from 'http-proxy-middleware';
import type { GatewayError } from '../errors.ts';
import { lingeringClose } from './early-answer.ts';
import { clientClosed, upstreamFailure } from './failure.ts';
import type { Upstream } from './upstreams.ts';

/** One WebSocket handshake on its way out. */
export interface OutgoingUpgrade {
  readonly upstream: Upstream;
  readonly target: string;
  /** Flat, as `requestHeaders` made them. */
  readonly headers: readonly string[];
  readonly requestId: string;
  /** The upstream has answered: 101, or why it would not. */
  onAnswer(status: number): void;
  /** No answer came. To be answered before this returns: the socket is closed right after. */
  onFailure(error: GatewayError): void;
}

export interface WebSocketForwarder {
  /** Resolves when both connections are closed. */
  forward(req: IncomingMessage, socket: Duplex, head: Buffer, outgoing: OutgoingUpgrade): Promise<void>;
}

/**
 * Carries WebSocket handshakes and what follows them through http-proxy-middleware.
 *
 * @param handshake milliseconds for connecting and for the upstream's answer together
 */
export function createWebSocketForwarder(handshake: number): WebSocketForwarder {
  const pending = new WeakMap<IncomingMessage, OutgoingUpgrade>();
  const proxies = new Map<string, ReturnType<typeof createProxyMiddleware<IncomingMessage>>>();

  const proxyTo = (origin: string) => {
    let proxy = proxies.get(origin);
    if (proxy === undefined) {
      proxy = createProxyMiddleware<IncomingMessage>({
        target: origin,
        // The library's own plugins write error answers and log lines in a form of theirs.
        ejectPlugins: true,
        plugins: [observe(pending, origin)],
        upgradeTimeout: handshake,
      });
      proxies.set(origin, proxy);
    }
    return proxy;
  };

  return {
    forward(req, socket, head, outgoing) {
      req.url = outgoing.target;
      req.headers = handshakeHeaders(outgoing.headers);
      pending.set(req, outgoing);
      const closed = new Promise<void>((resolve) => socket.once('close', resolve));
      proxyTo(outgoing.upstream.origin).upgrade(
        req,
        socket as Parameters<typeof req.socket.pipe>[0] & typeof req.socket,
        head,
      );
      return closed;
    },
  };
}

/** Hears of the upstream's answer or failure, and ties the ends of the two connections together. */
function observe(pending: WeakMap<IncomingMessage, OutgoingUpgrade>, origin: string): Plugin<IncomingMessage> {
  return (proxy) => {
    proxy.on('proxyReqWs', (proxyReq: ClientRequest, req: IncomingMessage, socket: Duplex) => {
      const outgoing = pending.get(req);
      proxyReq.once('response', (response) => {
        pending.delete(req);
        response.headers['x-request-id'] ??= outgoing?.requestId;
        outgoing?.onAnswer(response.statusCode ?? 502);
      });
      proxyReq.once('upgrade', (response, upstreamSocket) => {
        pending.delete(req);
        outgoing?.onAnswer(response.statusCode ?? 101);
        // A peer that vanishes, or never closes its half, must not keep the other side's connection.
        socket.once('close', () => upstreamSocket.destroy());
        upstreamSocket.once('close', () => lingeringClose(socket));
      });
    });
    proxy.on('error', (error, req, socket) => {
      const outgoing = req && pending.get(req);
      if (outgoing === undefined) return;
      pending.delete(req as IncomingMessage);
      outgoing.onFailure((socket as Duplex).destroyed ? clientClosed() : upstreamFailure(error, origin));
    });
  };
}

/** The handshake's fields in the form that Node's client takes; the two that name the new protocol are written anew. */
function handshakeHeaders(flat: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i < flat.length; i += 2) {
    const name = (flat[i] as string).toLowerCase();
    const value = flat[i + 1] as string;
    const before = headers[name];
    headers[name] = before === undefined ? value : [...(typeof before === 'string' ? [before] : before), value];
  }
  headers.connection = 'Upgrade';
  headers.upgrade = 'websocket';
  return headers;
}
