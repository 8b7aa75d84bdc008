import { GatewayError } from '../../domain/errors.ts';
import type { KeptBytes } from '../../http/read-buffer.ts';
import { InterimCount, reasonPhrase, requireStatus } from '../answer-head.ts';
import type { Attempt, AttemptEvents, Progress } from '../attempt.ts';
import { IN_ONE_PIECE } from '../client-side.ts';
import { uploadStopped, upstreamFailure } from '../failure.ts';
import { rewrittenFields } from '../headers/answer-rewrite.ts';
import { trailerFields } from '../headers/response-headers.ts';
import type { Outgoing } from '../outgoing.ts';
import type { AttemptAccount } from '../upstream/attempt-account.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { AnswerHead } from './answer-head.ts';
import { AnswerReader, type AnswerTaker } from './answer-reader.ts';
import type { BodyReader, DirectClient } from './client.ts';
import { type Carried, ConnectionClosed, type DirectConnection } from './connection.ts';
import { requestText } from './request-text.ts';

/** The peer that the exchange waits for: the client to send its body or to read the answer, or the upstream. */
type Awaited = 'client' | 'upstream';

/** An attempt over a connection that the gateway reads and writes by itself. A class: one is made for each request. */
export class DirectAttempt implements Attempt, Carried, BodyReader, AnswerTaker {
  readonly upstream: Upstream;
  readonly #client: DirectClient;
  readonly #outgoing: Outgoing;
  readonly #events: AttemptEvents;
  #account: AttemptAccount | undefined;
  #connection: DirectConnection | null = null;
  /** The head of the request. */
  #text = '';
  #awaited: Awaited = 'upstream';
  #isBodySent: boolean;
  readonly #answer: AnswerReader;
  readonly #interim = new InterimCount();
  #isOver = false;
  progress: Progress = 'waiting';
  isPaused = false;

  constructor(client: DirectClient, outgoing: Outgoing, upstream: Upstream, events: AttemptEvents) {
    this.#client = client;
    this.#outgoing = outgoing;
    this.upstream = upstream;
    this.#events = events;
    this.#isBodySent = client.bodyLength === 0;
    this.#answer = new AnswerReader(client.method, this);
  }

  get waitsForClient(): boolean {
    return this.isPaused || this.#awaited === 'client';
  }

  dispatch(): void {
    const { method, bodyLength } = this.#client;
    this.#text = requestText(method, this.#outgoing.headFor(this.upstream), bodyLength);
    this.#account = this.upstream.begin();
    this.#take();
  }

  #take(): void {
    const connection = this.upstream.connections.take();
    this.#connection = connection;
    connection.carry(this);
  }

  abort(reason: GatewayError): void {
    if (this.#isOver) return;
    this.#end(reason);
  }

  onOpen(): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.progress = 'begun';
    this.#await(this.#isBodySent ? 'upstream' : 'client');
    // What has arrived of the body comes at once, and leaves in one piece with the head.
    if (!this.#isBodySent) this.#client.readBody(this);
    const head = this.#takeText();
    if (head !== '' && this.#connection === connection) connection.writeText(head);
  }

  /** The head of the request, if it has not been written. */
  #takeText(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  onBodyPiece({ piece, done }: KeptBytes, isLast: boolean): boolean {
    const connection = this.#connection;
    if (connection === null || this.#isOver) return true;
    this.#outgoing.tally.received += piece.length;
    if (this.progress === 'begun') this.progress = 'body taken';
    this.#isBodySent = isLast;
    const keepsUp = this.#writePiece(connection, piece, done);
    this.#await(isLast || !keepsUp ? 'upstream' : 'client');
    return keepsUp;
  }

  #writePiece(connection: DirectConnection, piece: Buffer, done: () => void): boolean {
    const head = this.#takeText();
    if (head !== '' && piece.length <= IN_ONE_PIECE) {
      const keepsUp = connection.writeText(head + piece.toString('latin1'));
      done();
      return keepsUp;
    }
    return connection.write(head, piece, done);
  }

  onDrain(): void {
    if (this.#isBodySent) return;
    this.#await('client');
    this.#client.resumeBody();
  }

  /** Each peer has its own deadline, which runs only while it is waited for. */
  #await(awaited: Awaited): void {
    this.#awaited = awaited;
    if (this.isPaused) return;
    const { idle, firstByte } = this.#outgoing.deadlines;
    this.#connection?.deadline.set(awaited === 'client' || this.#answer.head !== null ? idle : firstByte);
  }

  onOverdue(): void {
    const { idle, firstByte } = this.#outgoing.deadlines;
    if (this.#awaited === 'client') this.#fail(uploadStopped());
    else if (this.#answer.head === null)
      this.#fail(new GatewayError('gateway_timeout', `no answer within ${firstByte} ms`));
    else this.#fail(new GatewayError('gateway_timeout', `the answer stopped for ${idle} ms`));
  }

  onBytes(bytes: Buffer, length: number): boolean {
    this.progress = 'answered';
    try {
      return this.#answer.read(bytes, length);
    } catch (error) {
      this.#fail(error);
      return true;
    }
  }

  onInterim(): void {
    this.#interim.add();
    this.#await(this.#awaited);
  }

  onHead(head: AnswerHead): void {
    const { status, reason, framing } = head;
    requireStatus(status, this.upstream.origin);
    const fields = rewrittenFields(head.fields, status, this.#outgoing, this.upstream);
    const hasLength = framing.kind === 'length' || framing.kind === 'none';
    this.#client.takeHead({ status, reason: reasonPhrase(reason), fields, hasLength }, this.#outgoing, this);
    this.#account?.answered();
  }

  /** Passes a piece of the body on, or else the head alone. */
  onPiece(bytes: Buffer, start: number, end: number): boolean {
    const connection = this.#connection;
    if (connection === null) return true;
    const size = end - start;
    this.#outgoing.tally.sent += size;
    let keepsUp = true;
    if (size === 0) {
      this.#client.flushHead();
    } else if (size <= IN_ONE_PIECE) {
      keepsUp = this.#client.writeText(bytes.toString('latin1', start, end));
    } else {
      keepsUp = this.#client.writeBytes(connection.keep(bytes, start, end));
    }
    this.isPaused = !keepsUp;
    if (!keepsUp) connection.deadline.clear();
    else if (this.#isBodySent) this.#await('upstream');
    return keepsUp;
  }

  onTrailers(fields: readonly string[]): void {
    this.#client.takeTrailers(trailerFields(fields));
  }

  /** The client has read what waited for it. */
  onClientDrain(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.#await(this.#awaited);
    this.#connection?.resume();
  }

  onComplete(bytes: Buffer, start: number, end: number, isPersistent: boolean): void {
    const isLong = end - start > IN_ONE_PIECE;
    if (isLong) this.onPiece(bytes, start, end);
    const connection = this.#connection;
    const keepAlive = isPersistent && this.#isBodySent ? (this.#answer.head?.keepAlive ?? 0) : 0;
    this.#isOver = true;
    this.#connection = null;
    this.#account?.ended();
    connection?.leave(keepAlive);
    this.#events.onAnswered(isLong || start === end ? null : bytes.subarray(start, end));
  }

  onEnd(): void {
    if (!this.#answer.end()) this.#fail(new ConnectionClosed());
  }

  onLost(error: Error): void {
    this.#fail(error);
  }

  onStale(): void {
    if (!this.#isOver) this.#take();
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    const failure = upstreamFailure(error);
    this.#end(failure);
    this.#events.onFailed(failure);
  }

  #end(failure: GatewayError): void {
    // A deadline that is missed while the client is slow is not the upstream's fault.
    this.#account?.failed(failure, !this.waitsForClient);
    this.#isOver = true;
    if (!this.#isBodySent) this.#client.keepBody();
    const connection = this.#connection;
    this.#connection = null;
    if (this.progress === 'waiting' && connection?.isOpen === false) connection.abandonOpening();
    else connection?.destroy();
  }
}
