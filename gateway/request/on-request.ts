import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../domain/errors.ts';
import type { RequestRecord } from '../domain/request-record.ts';
import type { BeginTrace } from '../domain/trace.ts';
import { forwardingFields, type Sender, type SenderOf } from '../http/client-address.ts';
import { answerError, asGatewayError } from '../http/error-answer.ts';
import { logWhenOver, type RequestMeter } from './access-log.ts';
import type { Admission, Decision } from './admission.ts';
import type { ErrorForm } from './error-form.ts';
import { createForwardRequest, type HttpExchange } from './forward-request.ts';
import { readIncoming } from './incoming-request.ts';
import { createKoaLeaf, type KoaLeafDeps } from './koa-leaf.ts';
import type { OpenExchanges } from './open-exchanges.ts';
import type { PrepareOutgoing } from './prepare-outgoing.ts';
import { newRecord } from './record.ts';
import { type StrictTransport, tellStrictTransport } from './strict-transport.ts';

/** Handles one HTTP request. Never throws. @returns the record that the access log is written from */
export type OnRequest = (req: IncomingMessage, res: ServerResponse) => RequestRecord;

export interface RequestDeps extends Omit<KoaLeafDeps, 'forward' | 'refuse'> {
  readonly meter: RequestMeter;
  readonly admission: Admission;
  /** Whether any route has `cors`. */
  readonly hasCors: boolean;
  readonly prepareOutgoing: PrepareOutgoing;
  readonly exchanges: OpenExchanges;
  readonly errorForm: ErrorForm;
  readonly strictTransport: StrictTransport;
  readonly senderOf: SenderOf;
  /** Null: nothing is traced. */
  readonly beginTrace: BeginTrace | null;
}

/** The method that a CORS preflight asks for. */
function requestedMethod({ headers }: IncomingMessage): string | undefined {
  return headers['access-control-request-method'];
}

/**
 * Creates the handler of HTTP requests: it reads the head, runs admission, and answers as the decision says. If admission needs
 * no store, the request is forwarded synchronously, before the handler returns.
 */
export function createOnRequest(deps: RequestDeps): OnRequest {
  const { log, meter, errorForm, admission, hasCors, prepareOutgoing, exchanges, senderOf, strictTransport } = deps;
  const { beginTrace } = deps;
  const { tokenEndpoints, pages, keySet } = deps;
  const forward = createForwardRequest(prepareOutgoing, exchanges);
  const leaf = createKoaLeaf({ log, forward, tokenEndpoints, pages, keySet, refuse });

  return (req, res) => {
    const sender = senderOf(req.socket.remoteAddress, forwardingFields(req));
    const incoming = readIncoming(req, sender, false);
    const head = incoming instanceof GatewayError ? null : incoming.head;
    const record = newRecord(req, sender.client, head?.requestId);
    if (beginTrace !== null) record.trace = beginTrace(record, head?.traceparent, sender.peer.trusted);
    logWhenOver(log, meter, record, req, res);
    if (incoming instanceof GatewayError) answerFailure(req, res, record, sender, true, incoming);
    else handle({ req, res, incoming, record });
    return record;
  };

  function handle(exchange: HttpExchange): void {
    const fail = (thrown: unknown) => refuse(exchange, thrown);
    try {
      const { req, incoming, record } = exchange;
      const { head } = incoming;
      const approach = hasCors && head.origin ? admission.approach(incoming, requestedMethod(req), record) : null;
      const admit = approach?.decide ?? (() => admission.admit(incoming, record));
      // One microtask later the parser has read the bytes that came with the head: a malformed body, or the whole of it.
      const decide = head.hasBody ? () => Promise.resolve().then(admit) : admit;
      if (approach !== null && approach.corsRoute !== null) {
        answerByKoa(exchange, { ...approach, decide });
        return;
      }
      const decided = decide();
      if (decided instanceof Promise) decided.then((decision) => act(exchange, decision)).catch(fail);
      else act(exchange, decided)?.catch(fail);
    } catch (thrown) {
      fail(thrown);
    }
  }

  function act(exchange: HttpExchange, decision: Decision): Promise<void> | undefined {
    if (decision.kind === 'forward' && decision.route.proxied === null) return forward(exchange, decision, null);
    answerByKoa(exchange, decision);
    return undefined;
  }

  function answerByKoa(exchange: HttpExchange, next: Parameters<typeof leaf.answer>[1]): void {
    tellStrictTransport(strictTransport, exchange.res, exchange.incoming.sender);
    leaf.answer(exchange, next);
  }

  function refuse({ req, res, incoming, record }: HttpExchange, thrown: unknown): void {
    answerFailure(req, res, record, incoming.sender, incoming.head.expectsContinue, thrown);
  }

  function answerFailure(
    req: IncomingMessage,
    res: ServerResponse,
    record: RequestRecord,
    sender: Sender,
    awaitsContinue: boolean,
    thrown: unknown,
  ): void {
    const error = asGatewayError(thrown);
    record.failure ??= error;
    tellStrictTransport(strictTransport, res, sender);
    record.sent += answerError(req, res, error, {
      record,
      page: errorForm(record.path, req.headers.accept),
      awaitsContinue,
    });
  }
}
