import type { Requirement } from '../../access/requirement.ts';
import { clientClosed, type GatewayError } from '../../domain/errors.ts';
import type { Ended, Identity } from '../../domain/identity.ts';
import type { RequestRecord } from '../../domain/request-record.ts';
import { answerFields } from '../../forward/answer-head.ts';
import { Delivery } from '../../forward/delivery.ts';
import type { AnswerSource, BodyReader, DirectClient, TakenHead } from '../../forward/direct/client.ts';
import { DirectAttempt } from '../../forward/direct/direct-attempt.ts';
import { requireSize } from '../../forward/forward-http.ts';
import type { Outgoing } from '../../forward/outgoing.ts';
import { isWorthDraining } from '../../http/early-answer.ts';
import { asGatewayError, type ErrorAnswer, fieldsOfError } from '../../http/error-answer.ts';
import type { KeptBytes } from '../../http/read-buffer.ts';
import type { Admission, ForwardApproach, ForwardDecision } from '../admission.ts';
import type { IncomingRequest } from '../incoming-request.ts';
import { endedMeanwhile, type OpenExchange, type OpenExchanges } from '../open-exchanges.ts';
import type { PrepareOutgoing } from '../prepare-outgoing.ts';
import { PlainAnswer } from './plain-answer.ts';
import type { ClientConnection, PlainRequest } from './plain-request.ts';

/** What the exchanges of one generation share. */
export interface PlainExchangeDeps {
  readonly admission: Admission;
  readonly prepareOutgoing: PrepareOutgoing;
  readonly exchanges: OpenExchanges;
  errorAnswer(error: GatewayError, incoming: IncomingRequest, record: RequestRecord): ErrorAnswer;
  /** Measures and logs a request that is over. @param status as for `logRequest` */
  onOver(record: RequestRecord, status: number): void;
}

/**
 * A plain request from its decision to the end of its answer: the client's side of the exchange. A class: one is made for
 * each request.
 */
export class PlainExchange implements PlainRequest, DirectClient, OpenExchange {
  readonly bodyLength: number;
  identity: Identity | null = null;
  readonly requires: Requirement | null;
  readonly #deps: PlainExchangeDeps;
  readonly #connection: ClientConnection;
  readonly #incoming: IncomingRequest;
  readonly #approach: ForwardApproach;
  readonly #record: RequestRecord;
  #closes: boolean;
  #delivery: Delivery | null = null;
  #source: AnswerSource | null = null;
  readonly #answer: PlainAnswer;
  isOver = false;

  constructor(
    deps: PlainExchangeDeps,
    connection: ClientConnection,
    incoming: IncomingRequest,
    approach: ForwardApproach,
    record: RequestRecord,
    { length, closes }: { readonly length: number; readonly closes: boolean },
  ) {
    this.#deps = deps;
    this.#connection = connection;
    this.#incoming = incoming;
    this.#approach = approach;
    this.requires = approach.plan.route.requires;
    this.#record = record;
    this.#answer = new PlainAnswer(connection.socket, connection.idleDeadline);
    this.bodyLength = length;
    this.#closes = closes;
  }

  get method(): string {
    return this.#incoming.method;
  }

  get isAnswered(): boolean {
    return this.#answer.phase === 'ended';
  }

  get hasUnsent(): boolean {
    return this.#answer.hasUnsent;
  }

  start(): void {
    try {
      const decided = this.#deps.admission.decideForward(this.#approach, this.#incoming, this.#record);
      if (decided instanceof Promise) decided.then((decision) => this.#forward(decision)).catch(this.#onFailed);
      else this.#forward(decided);
    } catch (thrown) {
      this.#onFailed(thrown);
    }
  }

  #forward(decision: ForwardDecision): void {
    if (this.isOver) return;
    const outgoing = this.#deps.prepareOutgoing(this.#incoming, decision, this.#record);
    requireSize(this.bodyLength, outgoing);
    this.identity = decision.identity;
    if (decision.identity !== null) this.#deps.exchanges.begin(this.#connection.socket, this);
    this.#delivery = new Delivery(
      this,
      outgoing,
      (upstream, events) => new DirectAttempt(this, outgoing, upstream, events),
      this.#onFailed,
    );
    this.#delivery.start();
  }

  /** Answers a failure, or cuts an answer that has begun, so that the client notices the truncation. */
  readonly #onFailed = (thrown: unknown): void => {
    const error = asGatewayError(thrown);
    this.#record.failure ??= error;
    if (this.isOver) return;
    if (this.#answer.hasBegun) {
      this.destroy();
      return;
    }
    const { status } = error;
    const { reason, body, length, ...answer } = this.#deps.errorAnswer(error, this.#incoming, this.#record);
    const { fields, closes } = fieldsOfError(answer);
    this.#closes ||= closes || !this.#canDrain;
    this.#answer.takeHead({ status, reason, fields, isChunked: false, closes: this.#isLast });
    this.discardBody();
    const hasBody = this.method !== 'HEAD';
    this.#record.sent = hasBody ? length : 0;
    this.#answer.end(hasBody ? Buffer.from(body).toString('latin1') : '', this.#onFlushed);
  };

  get #isLast(): boolean {
    this.#closes ||= this.#connection.isDraining;
    return this.#closes;
  }

  /** Whether what is left of the request body is read and discarded, for the sake of the connection. */
  get #canDrain(): boolean {
    return this.#connection.body.left === 0 || isWorthDraining(this.bodyLength);
  }

  setIdleTimeout(ms: number): void {
    this.#answer.setIdle(ms);
  }

  /** Plain requests await no 100 (Continue). */
  sendContinue(): void {}

  readBody(reader: BodyReader): void {
    this.#connection.body.readBy(reader);
  }

  keepBody(): void {
    this.#connection.body.keep();
  }

  resumeBody(): void {
    this.#connection.body.resume();
  }

  discardBody(): void {
    this.#connection.body.discard();
  }

  takeHead({ status, reason, fields, hasLength }: TakenHead, outgoing: Outgoing, source: AnswerSource): void {
    this.#source = source;
    this.#closes ||= !this.#canDrain;
    const sent = answerFields(outgoing, status, fields);
    this.#answer.takeHead({ status, reason, fields: sent, isChunked: !hasLength, closes: this.#isLast });
  }

  flushHead(): void {
    this.#answer.flushHead();
  }

  writeText(piece: string): boolean {
    return this.#answer.writeText(piece);
  }

  writeBytes(kept: KeptBytes): boolean {
    return this.#answer.writeBytes(kept);
  }

  takeTrailers(fields: readonly (readonly [string, string])[]): void {
    this.#answer.takeTrailers(fields);
  }

  end(last: Buffer | null): void {
    this.#answer.end(last === null ? '' : last.toString('latin1'), this.#onFlushed);
  }

  destroy(): void {
    this.#connection.socket.destroy();
  }

  onDrain(): void {
    this.#answer.watchClient();
    this.#source?.onClientDrain();
  }

  onClientIdle(): void {
    if (this.#delivery !== null) this.#delivery.onClientIdle();
    else this.destroy();
  }

  readonly #onFlushed = (error?: Error | null): void => {
    // The connection closes, and says so.
    if (error != null || this.isOver) return;
    this.#answer.watchClient();
    this.#leave();
    this.#connection.onAnswered(this.#closes);
  };

  onClientGone(): void {
    if (this.isOver) return;
    this.#record.failure ??= clientClosed();
    this.#leave();
    this.#delivery?.onClientGone();
  }

  #leave(): void {
    this.isOver = true;
    if (this.#record.received === 0 && this.#connection.body.left === 0) this.#record.received = this.bodyLength;
    this.#deps.onOver(this.#record, this.#answer.hasBegun ? this.#answer.status : this.#record.status);
  }

  /** Leaves a complete request that waits for its answer: its credentials were valid when it was sent. */
  cutOff(reason: Ended): void {
    if (this.#answer.phase === 'none' && this.#connection.body.left === 0) return;
    this.#record.failure = endedMeanwhile(reason);
    this.destroy();
  }

  /** Nothing: HTTP exchanges end by themselves, and shutdown waits for these. */
  goAway(): void {}
}
