import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { badRequest, GatewayError } from '../domain/errors.ts';
import { clientClosed } from '../forward/failure.ts';
import type { WebSocketForwarder } from '../forward/websocket/websocket.ts';
import { lingeringClose } from '../http/early-answer.ts';
import { answerError, asGatewayError } from '../http/error-answer.ts';
import { readHead } from '../http/head.ts';
import type { Logger } from '../ops/log.ts';
import { logRequest, type RequestMeter } from './access-log.ts';
import type { Admission } from './admit.ts';
import type { Depart } from './departure.ts';
import { type OpenExchanges, voidMeanwhile } from './open-exchanges.ts';
import type { OpenWebSockets, WebSocketLimits } from './open-web-sockets.ts';
import { newRecord, requestId } from './record.ts';
import { type StrictTransport, tellStrictTransport } from './strict-transport.ts';

export interface UpgradeDoor {
  readonly log: Logger;
  readonly meter: RequestMeter;
  readonly admission: Admission;
  readonly depart: Depart;
  readonly webSockets: WebSocketForwarder;
  readonly exchanges: OpenExchanges;
  readonly openWebSockets: OpenWebSockets;
  /** Those that the configuration sets, and milliseconds for which nothing may move. */
  readonly limits: WebSocketLimits & { readonly idle: number };
  /** The address of whoever sends a request, as far as trusted proxies say. */
  readonly clientOf: (req: IncomingMessage) => string;
  readonly strictTransport: StrictTransport;
}

/** Close codes of RFC 6455 section 7.4.1: the server shuts down, and the connection is no longer allowed. */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

export type OnUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;

/**
 * The door for WebSocket handshakes: the same decision as for any request, then the tunnel. A refusal is an ordinary
 * HTTP answer, after which the connection closes. One log line is written when the tunnel has ended.
 */
export function createUpgradeDoor({
  log,
  meter,
  admission,
  depart,
  webSockets,
  exchanges,
  openWebSockets,
  limits,
  clientOf,
  strictTransport,
}: UpgradeDoor): OnUpgrade {
  return async (req, socket, firstBytes) => {
    const record = newRecord(req, clientOf(req));
    let status = 499;
    let isMeasured = false;
    const measure = () => {
      if (!isMeasured) meter.answered(record, status);
      isMeasured = true;
    };
    const ignoreReset = () => {};
    socket.on('error', ignoreReset);
    let leave: (() => void) | null = null;

    const refuse = (error: GatewayError) => {
      record.failure = error;
      if (socket.destroyed || error.code === 'client_closed') return;
      status = error.status;
      const res = new ServerResponse(req);
      res.assignSocket(socket as Parameters<typeof res.assignSocket>[0]);
      res.shouldKeepAlive = false;
      tellStrictTransport(strictTransport, req, res);
      record.sent = answerError(req, res, error, { requestId: record.id, page: null, awaitsContinue: false });
      lingeringClose(socket);
      measure();
    };

    try {
      const head = readHead(req);
      const { client } = record;
      record.id = requestId(head.requestId);
      if (head.hasBody || head.expectsContinue) throw badRequest('A WebSocket handshake has no body');
      const decision = await admission.admit(
        {
          method: req.method ?? '',
          url: req.url ?? '',
          head,
          client,
          peer: req.socket.remoteAddress,
          isHandshake: true,
        },
        record,
      );
      if (decision.kind !== 'forward') throw badRequest('This endpoint speaks no WebSocket');
      const outgoing = depart(req, head, decision, record);
      if (socket.destroyed) throw clientClosed();
      const { identity } = decision;
      leave = openWebSockets.enter(identity === null ? `address ${client}` : `account ${identity.account.id}`, limits);
      await webSockets.forward(req, socket, firstBytes, outgoing, {
        onAnswer(answered) {
          status = answered;
          measure();
        },
        onOpen(tunnel) {
          const { bytesRead, bytesWritten } = req.socket;
          exchanges.begin(socket, {
            identity,
            // It is over with its connection, and forgotten with that.
            isOver: false,
            end(reason) {
              record.failure ??= voidMeanwhile(reason);
              tunnel.close(POLICY_VIOLATION);
            },
            goAway: () => tunnel.close(GOING_AWAY),
          });
          endWhenIdle(req, limits.idle, () => {
            record.failure ??= new GatewayError('request_timeout', `neither side sent anything for ${limits.idle} ms`);
            tunnel.close(GOING_AWAY);
          });
          meter.webSocketOpened();
          socket.once('close', () => {
            meter.webSocketClosed();
            record.received = req.socket.bytesRead - bytesRead;
            record.sent = req.socket.bytesWritten - bytesWritten;
          });
        },
        onFailure: refuse,
      });
    } catch (thrown) {
      record.id ||= requestId(undefined);
      refuse(asGatewayError(thrown));
    } finally {
      leave?.();
      measure();
      logRequest(log, record, status);
    }
  };
}

/** All that one side sends is written to the other, so the client's connection tells of both. */
function endWhenIdle({ socket }: IncomingMessage, idle: number, end: () => void): void {
  // Node's own, for requests, would cut it without a word.
  socket.removeAllListeners('timeout');
  socket.setTimeout(idle, end);
}
