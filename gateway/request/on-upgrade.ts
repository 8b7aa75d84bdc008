import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { badRequest, clientClosed, GatewayError } from '../domain/errors.ts';
import type { BeginTrace } from '../domain/trace.ts';
import type { WebSocketForwarder } from '../forward/websocket/websocket.ts';
import { forwardingFields, type SenderOf } from '../http/client-address.ts';
import { lingeringClose } from '../http/early-answer.ts';
import { answerError, asGatewayError } from '../http/error-answer.ts';
import type { Logger } from '../ops/log.ts';
import { logRequest, type RequestMeter } from './access-log.ts';
import type { Admission } from './admission.ts';
import { readIncoming } from './incoming-request.ts';
import { endedMeanwhile, type OpenExchanges } from './open-exchanges.ts';
import type { OpenWebSockets, WebSocketLimits } from './open-web-sockets.ts';
import type { PrepareOutgoing } from './prepare-outgoing.ts';
import { NO_ANSWER, newRecord } from './record.ts';
import { type StrictTransport, tellStrictTransport } from './strict-transport.ts';

export interface UpgradeDeps {
  readonly log: Logger;
  readonly meter: RequestMeter;
  readonly admission: Admission;
  readonly prepareOutgoing: PrepareOutgoing;
  readonly webSockets: WebSocketForwarder;
  readonly exchanges: OpenExchanges;
  readonly openWebSockets: OpenWebSockets;
  /** `webSockets` of the configuration; `idle` in milliseconds. */
  readonly limits: WebSocketLimits & { readonly idle: number };
  readonly senderOf: SenderOf;
  readonly strictTransport: StrictTransport;
  /** Null: nothing is traced. */
  readonly beginTrace: BeginTrace | null;
}

/** Close codes of RFC 6455 section 7.4.1: the server shuts down, and the connection is no longer allowed. */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

export type OnUpgrade = (req: IncomingMessage, socket: Duplex, firstBytes: Buffer) => Promise<void>;

/**
 * Creates the handler of WebSocket handshakes: admission as for every request, then the tunnel. A refusal is an ordinary
 * HTTP answer, after which the connection closes. The log line is written when the tunnel has ended.
 */
export function createOnUpgrade({
  log,
  meter,
  admission,
  prepareOutgoing,
  webSockets,
  exchanges,
  openWebSockets,
  limits,
  senderOf,
  strictTransport,
  beginTrace,
}: UpgradeDeps): OnUpgrade {
  return async (req, socket, firstBytes) => {
    const sender = senderOf(req.socket.remoteAddress, forwardingFields(req));
    const { client } = sender;
    const incoming = readIncoming(req, sender, true);
    const given = incoming instanceof GatewayError ? null : incoming.head;
    const record = newRecord(req, client, given?.requestId);
    if (beginTrace !== null) record.trace = beginTrace(record, given?.traceparent, sender.peer.trusted);
    let status = NO_ANSWER;
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
      res.assignSocket(socket as Socket);
      res.shouldKeepAlive = false;
      tellStrictTransport(strictTransport, res, sender);
      record.sent = answerError(req, res, error, { record, page: null, awaitsContinue: false });
      lingeringClose(socket);
      measure();
    };

    try {
      if (incoming instanceof GatewayError) throw incoming;
      const { head } = incoming;
      if (head.hasBody || head.expectsContinue) throw badRequest('A WebSocket handshake has no body');
      const decision = await admission.admit(incoming, record);
      if (decision.kind !== 'forward') throw badRequest('This endpoint speaks no WebSocket');
      const outgoing = prepareOutgoing(incoming, decision, record);
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
            requires: decision.route.requires,
            // A tunnel lasts as long as its connection, and leaves the list with it.
            isOver: false,
            cutOff(reason) {
              record.failure ??= endedMeanwhile(reason);
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
      refuse(asGatewayError(thrown));
    } finally {
      leave?.();
      measure();
      logRequest(log, record, status);
    }
  };
}

/** Everything passes over the client's connection, in one direction or the other: its timeout covers both sides. */
function endWhenIdle({ socket }: IncomingMessage, idle: number, end: () => void): void {
  // Node's listener, meant for requests, would destroy the socket without a close frame.
  socket.removeAllListeners('timeout');
  socket.setTimeout(idle, end);
}
