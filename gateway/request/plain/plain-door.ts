import type { BeginTrace } from '../../domain/trace.ts';
import { valuesOf } from '../../fields/raw-fields.ts';
import type { SenderOf } from '../../http/client-address.ts';
import { errorAnswer } from '../../http/error-answer.ts';
import type { PlainHead } from '../../http/plain-head.ts';
import type { Logger } from '../../ops/log.ts';
import { logRequest, type RequestMeter } from '../access-log.ts';
import type { Admission } from '../admission.ts';
import type { ErrorForm } from '../error-form.ts';
import { type IncomingRequest, readPlain } from '../incoming-request.ts';
import type { OpenExchanges } from '../open-exchanges.ts';
import type { PrepareOutgoing } from '../prepare-outgoing.ts';
import { recordOfPlain } from '../record.ts';
import type { StrictTransport } from '../strict-transport.ts';
import type { RequestsUnderWay } from '../under-way.ts';
import { PlainExchange, type PlainExchangeDeps } from './plain-exchange.ts';
import type { ClientConnection } from './plain-request.ts';

export interface PlainDoorDeps {
  readonly log: Logger;
  readonly meter: RequestMeter;
  readonly admission: Admission;
  /** Whether any route has `cors`. */
  readonly hasCors: boolean;
  readonly prepareOutgoing: PrepareOutgoing;
  readonly exchanges: OpenExchanges;
  readonly underWay: RequestsUnderWay;
  readonly errorForm: ErrorForm;
  readonly strictTransport: StrictTransport;
  readonly senderOf: SenderOf;
  /** Null: nothing is traced. */
  readonly beginTrace: BeginTrace | null;
}

/** The door for plain requests that are only forwarded. */
export interface PlainDoor {
  /**
   * Takes a plain request whose head is accepted, which has no `Origin` where any route has `cors`, whose target and method
   * lead to a route, and whose route is `isDirect`.
   *
   * @returns null, before anything is done for it, if the request is for Node's HTTP server
   */
  accept(connection: ClientConnection, head: PlainHead): PlainExchange | null;
}

export function createPlainDoor(deps: PlainDoorDeps): PlainDoor {
  const { log, meter, admission, hasCors, prepareOutgoing, exchanges, underWay, errorForm } = deps;
  const { strictTransport, senderOf, beginTrace } = deps;

  const shared: PlainExchangeDeps = {
    admission,
    prepareOutgoing,
    exchanges,
    errorAnswer(error, { fields, sender }, record) {
      const answer = errorAnswer(error, record, errorForm(record.path, acceptOf(fields)));
      const strict = strictTransport.valueFor(sender);
      return strict === null
        ? answer
        : { ...answer, fields: { ...answer.fields, 'Strict-Transport-Security': strict } };
    },
    onOver(record, status) {
      meter.ended(record, status);
      logRequest(log, record, status);
      underWay.leave();
    },
  };
  return {
    accept(connection, plain) {
      const { method, url, fields } = plain;
      const head = readPlain(plain);
      // Koa serves what pages of other origins ask.
      if (head === null || (hasCors && head.origin !== undefined)) return null;
      const sender = senderOf(connection.socket.remoteAddress, head);
      const incoming: IncomingRequest = { method, url, fields, head, sender, isHandshake: false };
      const approach = admission.forwardApproach(incoming);
      if (approach === null || !approach.plan.route.isDirect) return null;
      const record = recordOfPlain(incoming);
      if (beginTrace !== null) record.trace = beginTrace(record, head.traceparent, sender.peer.trusted);
      meter.began();
      underWay.enter();
      return new PlainExchange(shared, connection, incoming, approach, record, plain);
    },
  };
}

function acceptOf(fields: IncomingRequest['fields']): string | undefined {
  const values = valuesOf(fields, 'accept');
  return values.length === 0 ? undefined : values.join(', ');
}
