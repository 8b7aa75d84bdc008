import { clientClosed, type GatewayError } from '../../domain/errors.ts';
import type { Ended, Identity } from '../../domain/identity.ts';
import type { RequestRecord } from '../../domain/request-record.ts';
import type { RawFields } from '../../fields/raw-fields.ts';
import { answerFields } from '../../forward/answer-head.ts';
import { MOST_UNSENT } from '../../forward/client-side.ts';
import { Delivery } from '../../forward/delivery.ts';
import type { AnswerSource, BodyReader, DirectClient, TakenHead } from '../../forward/direct/client.ts';
import { DirectAttempt } from '../../forward/direct/direct-attempt.ts';
import { requireSize } from '../../forward/forward-http.ts';
import type { Outgoing } from '../../forward/outgoing.ts';
import { isWorthDraining } from '../../http/early-answer.ts';
import { asGatewayError, type ErrorAnswer } from '../../http/error-answer.ts';
import type { KeptBytes } from '../../http/read-buffer.ts';
import type { Admission, ForwardApproach, ForwardDecision } from '../admit.ts';
import type { IncomingRequest } from '../incoming-request.ts';
import { credentialsBecameVoid, type OpenExchange, type OpenExchanges } from '../open-exchanges.ts';
import type { PrepareOutgoing } from '../prepare-outgoing.ts';
import { answerText } from './answer-text.ts';
import type { PlainConnection, PlainRequest } from './plain-connection.ts';

/** What the exchanges of one generation share. */
export interface PlainExchangeDeps {
  readonly admission: Admission;
  readonly prepareOutgoing: PrepareOutgoing;
  readonly exchanges: OpenExchanges;
  errorAnswer(error: GatewayError, incoming: IncomingRequest, record: RequestRecord): ErrorAnswer;
  /** Measures and logs a request that is over. @param status as for `logRequest` */
  onOver(record: RequestRecord, status: number): void;
}

/** How far the answer has come. */
type Phase =
  | 'none'
  /** Its head waits for the first piece of the body. */
  | 'head taken'
  | 'begun'
  /** All of it has been written, and some may wait for the client. */
  | 'ended'
  /** It has left, or the connection is gone. */
  | 'over';

/**
 * A plain request from its decision to the end of its answer: the client's side of the exchange. A class: one is made for
 * each request.
 */
export class PlainExchange implements PlainRequest, DirectClient, OpenExchange {
  readonly bodyLength: number;
  identity: Identity | null = null;
  readonly #deps: PlainExchangeDeps;
  readonly #connection: PlainConnection;
  readonly #incoming: IncomingRequest;
  readonly #approach: ForwardApproach;
  readonly #record: RequestRecord;
  #closes: boolean;
  #delivery: Delivery | null = null;
  #source: AnswerSource | null = null;
  #phase: Phase = 'none';
  #status = 0;
  #head = '';
  #isChunked = false;
  #trailers = '';
  #idle: number;
  #isWatched = false;

  constructor(
    deps: PlainExchangeDeps,
    connection: PlainConnection,
    incoming: IncomingRequest,
    approach: ForwardApproach,
    record: RequestRecord,
    { length, closes }: { readonly length: number; readonly closes: boolean },
  ) {
    this.#deps = deps;
    this.#connection = connection;
    this.#incoming = incoming;
    this.#approach = approach;
    this.#record = record;
    this.#idle = connection.idleDeadline;
    this.bodyLength = length;
    this.#closes = closes;
  }

  get method(): string {
    return this.#incoming.method;
  }

  get isOver(): boolean {
    return this.#phase === 'over';
  }

  get isAnswered(): boolean {
    return this.#phase === 'ended';
  }

  get hasUnsent(): boolean {
    return this.#connection.socket.writableLength > 0;
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
    if (this.#phase === 'over') return;
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
    if (this.#phase === 'over') return;
    if (this.#phase === 'begun' || this.#phase === 'ended') {
      this.destroy();
      return;
    }
    const answer = this.#deps.errorAnswer(error, this.#incoming, this.#record);
    const { fields, closes } = flat(answer);
    this.#closes ||= closes || !this.#canDrain;
    this.#status = error.status;
    this.#isChunked = false;
    this.#head = answerText(error.status, answer.reason, fields, { isChunked: false, closes: this.#isLast });
    this.discardBody();
    const hasBody = this.method !== 'HEAD';
    this.#record.sent = hasBody ? answer.length : 0;
    this.#finish(hasBody ? Buffer.from(answer.body).toString('latin1') : '');
  };

  get #isLast(): boolean {
    this.#closes ||= this.#connection.isDraining;
    return this.#closes;
  }

  /** Whether what is left of the request body is read and discarded, for the sake of the connection. */
  get #canDrain(): boolean {
    return this.#connection.isRequestComplete || isWorthDraining(this.bodyLength);
  }

  setIdleTimeout(ms: number): void {
    this.#idle = ms;
  }

  /** Plain requests await no 100 (Continue). */
  sendContinue(): void {}

  readBody(reader: BodyReader): void {
    this.#connection.readBody(reader);
  }

  keepBody(): void {
    this.#connection.keepBody();
  }

  resumeBody(): void {
    this.#connection.resumeBody();
  }

  discardBody(): void {
    this.#connection.discardBody();
  }

  takeHead({ status, reason, fields, hasLength }: TakenHead, outgoing: Outgoing, source: AnswerSource): void {
    this.#source = source;
    this.#status = status;
    this.#isChunked = !hasLength;
    this.#closes ||= !this.#canDrain;
    const sent = answerFields(outgoing, status, fields);
    this.#head = answerText(status, reason, sent, { isChunked: this.#isChunked, closes: this.#isLast });
    this.#phase = 'head taken';
  }

  flushHead(): void {
    if (this.#phase === 'head taken') this.#write(this.#takeText());
  }

  writeText(piece: string): boolean {
    const text = this.#takeText();
    this.#write(this.#isChunked ? `${text}${piece.length.toString(16)}\r\n${piece}\r\n` : text + piece);
    return this.#keepsUp;
  }

  writeBytes({ piece, done }: KeptBytes): boolean {
    const { socket } = this.#connection;
    const text = this.#takeText() + (this.#isChunked ? `${piece.length.toString(16)}\r\n` : '');
    if (text !== '') {
      socket.cork();
      socket.write(text, 'latin1');
    }
    socket.write(piece, done);
    if (this.#isChunked) socket.write('\r\n', 'latin1');
    if (text !== '') socket.uncork();
    this.#watchClient();
    return this.#keepsUp;
  }

  takeTrailers(fields: readonly (readonly [string, string])[]): void {
    for (const [name, value] of fields) this.#trailers += `${name}: ${value}\r\n`;
  }

  end(last: Buffer | null): void {
    const piece = last === null ? '' : last.toString('latin1');
    if (!this.#isChunked) {
      this.#finish(piece);
      return;
    }
    const chunk = piece === '' ? '' : `${piece.length.toString(16)}\r\n${piece}\r\n`;
    this.#finish(`${chunk}0\r\n${this.#trailers}\r\n`);
  }

  destroy(): void {
    this.#connection.socket.destroy();
  }

  #finish(rest: string): void {
    const text = this.#takeText() + rest;
    this.#phase = 'ended';
    const { socket } = this.#connection;
    // Without a callback, which costs a turn of the queue: nearly all answers leave at once.
    if (text !== '') socket.write(text, 'latin1');
    if (socket.writableLength === 0 && !socket.destroyed) {
      this.#onFlushed();
    } else {
      socket.write('', this.#onFlushed);
      this.#watchClient();
    }
  }

  /** The head, if it has not been written. */
  #takeText(): string {
    const text = this.#head;
    this.#head = '';
    this.#phase = 'begun';
    return text;
  }

  #write(text: string): void {
    this.#connection.socket.write(text, 'latin1');
    this.#watchClient();
  }

  get #keepsUp(): boolean {
    return this.#connection.socket.writableLength < MOST_UNSENT;
  }

  /** Limits the time without a byte as long as something waits for the client. */
  #watchClient(): void {
    const waits = this.#connection.socket.writableLength > 0;
    if (waits === this.#isWatched) return;
    this.#isWatched = waits;
    this.#connection.socket.setTimeout(waits ? this.#idle : 0);
  }

  onDrain(): void {
    this.#watchClient();
    this.#source?.onClientDrain();
  }

  onClientIdle(): void {
    if (this.#delivery !== null) this.#delivery.onClientIdle();
    else this.destroy();
  }

  readonly #onFlushed = (error?: Error | null): void => {
    // The connection closes, and says so.
    if (error != null || this.#phase === 'over') return;
    this.#watchClient();
    this.#leave();
    this.#connection.onAnswered(this.#closes);
  };

  onClientGone(): void {
    if (this.#phase === 'over') return;
    this.#record.failure ??= clientClosed();
    this.#leave();
    this.#delivery?.onClientGone();
  }

  #leave(): void {
    const hasBegun = this.#phase === 'begun' || this.#phase === 'ended';
    this.#phase = 'over';
    if (this.#record.received === 0 && this.#connection.isRequestComplete) this.#record.received = this.bodyLength;
    this.#deps.onOver(this.#record, hasBegun ? this.#status : this.#record.status);
  }

  /** Leaves a complete request that waits for its answer: its credentials were valid when it was sent. */
  cutOff(reason: Ended): void {
    if (this.#phase === 'none' && this.#connection.isRequestComplete) return;
    this.#record.failure = credentialsBecameVoid(reason);
    this.destroy();
  }

  /** Nothing: HTTP exchanges end by themselves, and shutdown waits for these. */
  goAway(): void {}
}

/** The fields of an answer of the gateway's own. */
function flat({ fields }: ErrorAnswer): { readonly fields: RawFields; readonly closes: boolean } {
  const list: string[] = [];
  let closes = false;
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'Connection') closes = true;
    else for (const line of [value].flat()) list.push(name, line);
  }
  return { fields: list, closes };
}
