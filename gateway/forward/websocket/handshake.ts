import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Plugin } from 'http-proxy-middleware';
import { clientClosed, GatewayError } from '../../domain/errors.ts';
import { lingeringClose } from '../../http/early-answer.ts';
import { beforeProxyListeners } from '../../workarounds/proxy-listeners.ts';
import { reasonPhrase } from '../answer-head.ts';
import { upstreamFailure } from '../failure.ts';
import type { Outgoing } from '../outgoing.ts';
import type { AttemptAccount } from '../upstream/attempt-account.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { openingFields, refusalFields } from './handshake-answer.ts';
import { createTunnel, type Tunnel } from './tunnel.ts';

/** The outcome of a handshake. */
export interface HandshakeEvents {
  /** The upstream has answered: 101, or the status of its refusal. */
  onAnswer(status: number): void;
  /** The upstream has accepted the handshake. */
  onOpen(tunnel: Tunnel): void;
  /** The upstream has not answered. The answer must be written before this returns: then the socket is closed. */
  onFailure(error: GatewayError): void;
}

/** Milliseconds for the second side of a WebSocket to end after the first. */
const HALF_CLOSED = 5_000;

/** The handshakes without an answer, by the client's request. */
export type Pending = WeakMap<IncomingMessage, Handshake>;

export interface Handshake {
  readonly upstream: Upstream;
  readonly outgoing: Outgoing;
  readonly events: HandshakeEvents;
  readonly account: AttemptAccount;
  stopWatching(): void;
  isSettled: boolean;
  /** Ends the handshake when it is overdue. */
  timer?: NodeJS.Timeout;
  proxyReq?: ClientRequest;
}

/** Ends the wait for an answer. @returns the handshake; `undefined`: it was settled before */
export function settle(pending: Pending, req: IncomingMessage): Handshake | undefined {
  const handshake = pending.get(req);
  if (handshake === undefined) return undefined;
  pending.delete(req);
  handshake.stopWatching();
  handshake.isSettled = true;
  clearTimeout(handshake.timer);
  return handshake;
}

/** Ends a handshake at the deadlines of requests: for the connection, for the answer, and for both together. */
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
 * A plugin that checks the upstream's answer before the library reads it, reports failures, and closes each of the two
 * connections when the other one closes.
 */
export function observe(pending: Pending): Plugin<IncomingMessage> {
  const fail = (settled: Handshake | undefined, error: GatewayError) => {
    settled?.account.failed(error);
    settled?.events.onFailure(error);
  };
  const answered = ({ account, events }: Handshake, status: number) => {
    account.answered();
    // The tunnel keeps its place, but is no longer a request without an answer.
    account.ended();
    events.onAnswer(status);
  };
  /** Replaces the answer's fields by those that may pass. @returns whether the answer may pass */
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
      // Node would drop all fields of the answer beyond a thousand, without an error.
      proxyReq.maxHeadersCount = 0;
      const handshake = pending.get(req);
      if (handshake !== undefined) endOverdue(proxyReq, handshake);
      beforeProxyListeners(proxyReq, 'response', (response) => {
        const settled = settle(pending, req);
        if (!mayPass(settled, response, refusalFields)) {
          response.destroy();
          return false;
        }
        // The gateway's own version, whichever the upstream speaks.
        response.httpVersion = '1.1';
        response.statusMessage = reasonPhrase(response.statusMessage ?? '');
        answered(settled, response.statusCode ?? 502);
        // The library ends its own half only: a client that never ends the other would keep the connection.
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
        // The library writes the head as text; the upstream's was read as Latin-1, one byte a character.
        socket.setDefaultEncoding('latin1');
        answered(settled, 101);
        settled.events.onOpen(createTunnel(socket, upstreamSocket));
        // A peer that vanishes, or never closes its half, must not keep the other connection open.
        let timer: NodeJS.Timeout | undefined;
        socket.once('close', () => {
          clearTimeout(timer);
          upstreamSocket.destroy();
        });
        upstreamSocket.once('close', () => lingeringClose(socket));
        for (const half of [socket, upstreamSocket]) {
          half.once('end', () => {
            timer ??= setTimeout(() => socket.destroy(), HALF_CLOSED);
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
