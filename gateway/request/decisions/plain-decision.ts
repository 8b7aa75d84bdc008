import { clientClosed } from '../../domain/errors.ts';
import type { RequestRecord } from '../../domain/request-record.ts';
import type { PlainHead } from '../../http/plain-head.ts';
import { PlainAnswer } from '../plain/plain-answer.ts';
import type { ClientConnection, PlainRequest } from '../plain/plain-request.ts';
import type { Decide } from './decide.ts';
import type { DecisionAnswer } from './decision-answer.ts';
import type { OnDecided } from './on-subrequest.ts';

/** A plain subrequest, answered from its head: in the same turn unless a store must be asked. */
export class PlainDecision implements PlainRequest {
  readonly #decide: Decide;
  readonly #onDecided: OnDecided;
  readonly #connection: ClientConnection;
  readonly #head: PlainHead;
  readonly #answer: PlainAnswer;
  #record: RequestRecord | null = null;
  #closes: boolean;

  constructor(decide: Decide, onDecided: OnDecided, connection: ClientConnection, head: PlainHead) {
    this.#decide = decide;
    this.#onDecided = onDecided;
    this.#connection = connection;
    this.#head = head;
    this.#closes = head.closes;
    this.#answer = new PlainAnswer(connection.socket, connection.idleDeadline);
  }

  get isAnswered(): boolean {
    return this.#answer.phase === 'ended';
  }

  start(): void {
    const { method, url, fields } = this.#head;
    const { record, answer } = this.#decide({
      ...{ method, url, fields, version: '1.1' },
      socketAddress: this.#connection.socket.remoteAddress,
    });
    this.#record = record;
    if (answer instanceof Promise) void answer.then(this.#send);
    else this.#send(answer);
  }

  readonly #send = ({ status, reason, fields, body }: DecisionAnswer): void => {
    if (this.#record === null) return;
    const { body: unread, isDraining } = this.#connection;
    // A body that has not arrived is not waited for.
    this.#closes ||= unread.left > 0 || isDraining;
    unread.discard();
    const sent = this.#head.method === 'HEAD' ? '' : body;
    this.#record.sent = sent.length;
    this.#answer.takeHead({ status, reason, fields, isChunked: false, closes: this.#closes });
    this.#answer.end(sent, this.#onFlushed);
  };

  readonly #onFlushed = (error?: Error | null): void => {
    if (error != null || this.#record === null) return;
    this.#answer.watchClient();
    this.#leave(this.#record);
    this.#connection.onAnswered(this.#closes);
  };

  onDrain(): void {
    this.#answer.watchClient();
  }

  onClientIdle(): void {
    this.#connection.socket.destroy();
  }

  onClientGone(): void {
    if (this.#record === null) return;
    this.#record.failure ??= clientClosed();
    this.#leave(this.#record);
  }

  #leave(record: RequestRecord): void {
    this.#record = null;
    this.#onDecided(record, this.#answer.hasBegun ? this.#answer.status : record.status);
  }
}
