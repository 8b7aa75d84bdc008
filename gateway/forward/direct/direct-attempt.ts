import { GatewayError } from '../../domain/errors.ts';
import type { KeptBytes } from '../../http/read-buffer.ts';
import { reasonPhrase, requireFewInterim, requireStatus } from '../answer-head.ts';
import type { Attempt, AttemptEvents, Progress } from '../attempt.ts';
import { IN_ONE_PIECE } from '../client-side.ts';
import { uploadStopped, upstreamFailure } from '../failure.ts';
import { rewrittenFields } from '../headers/answer-rewrite.ts';
import { trailerFields } from '../headers/response-headers.ts';
import type { Outgoing } from '../outgoing.ts';
import type { AttemptAccount } from '../upstream/attempt-account.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { type AnswerHead, readAnswerHead, requireNothingBehind } from './answer-head.ts';
import { Chunks } from './chunks.ts';
import type { BodyReader, DirectClient } from './client.ts';
import { type Carried, ConnectionClosed, type DirectConnection } from './connection.ts';
import { requestText } from './request-text.ts';

const NOTHING = Buffer.alloc(0);

/** The peer that the exchange waits for: the client to send its body or to read the answer, or the upstream. */
type Awaited = 'client' | 'upstream';

/** An attempt over a connection that the gateway reads and writes by itself. A class: one is made for each request. */
export class DirectAttempt implements Attempt, Carried, BodyReader {
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
  /** The beginning of a head that has not arrived in full. */
  #begun: Buffer | null = null;
  #head: AnswerHead | null = null;
  /** Interim answers so far. */
  #interim = 0;
  /** Whether the server keeps the connection. */
  #canCarryMore = false;
  /** Bytes of a body with a length that have not arrived. */
  #left = 0;
  #chunks: Chunks | null = null;
  #isOver = false;
  progress: Progress = 'waiting';
  isPaused = false;

  constructor(client: DirectClient, outgoing: Outgoing, upstream: Upstream, events: AttemptEvents) {
    this.#client = client;
    this.#outgoing = outgoing;
    this.upstream = upstream;
    this.#events = events;
    this.#isBodySent = client.bodyLength === 0;
  }

  get waitsForClient(): boolean {
    return this.isPaused || this.#awaited === 'client';
  }

  dispatch(): void {
    const { method, bodyLength } = this.#client;
    this.#text = requestText(method, this.#outgoing.headFor(this.upstream), bodyLength);
    this.#account = this.upstream.begin();
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
    if (head !== '') connection.writeText(head);
    return connection.write(piece, done);
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
    this.#connection?.deadline.set(awaited === 'client' || this.#head !== null ? idle : firstByte);
  }

  onOverdue(): void {
    const { idle, firstByte } = this.#outgoing.deadlines;
    if (this.#awaited === 'client') this.#fail(uploadStopped());
    else if (this.#head === null) this.#fail(new GatewayError('gateway_timeout', `no answer within ${firstByte} ms`));
    else this.#fail(new GatewayError('gateway_timeout', `the answer stopped for ${idle} ms`));
  }

  onBytes(read: Buffer, readLength: number): boolean {
    this.progress = 'answered';
    let bytes = read;
    let length = readLength;
    if (this.#begun !== null) {
      bytes = Buffer.concat([this.#begun, read.subarray(0, readLength)]);
      length = bytes.length;
      this.#begun = null;
    }
    try {
      const at = this.#head === null ? this.#readHead(bytes, length) : 0;
      if (at === -1) return true;
      return this.#readBody(bytes, at, length);
    } catch (error) {
      this.#fail(error);
      return true;
    }
  }

  /** @returns where the body begins; -1 if the head has not arrived in full */
  #readHead(bytes: Buffer, length: number): number {
    let at = 0;
    for (;;) {
      const head = readAnswerHead(bytes, at, length, this.#client.method);
      if (head === null) {
        this.#begun = Buffer.from(bytes.subarray(at, length));
        return -1;
      }
      at = head.end;
      // Interim answers concern the connection to the upstream (RFC 9110 section 15.2). 101 is asked for by no request here.
      if (head.status >= 100 && head.status < 200 && head.status !== 101) {
        this.#interim += 1;
        requireFewInterim(this.#interim);
        this.#await(this.#awaited);
        continue;
      }
      requireStatus(head.status, this.upstream.origin);
      this.#begin(head);
      return at;
    }
  }

  #begin(head: AnswerHead): void {
    this.#head = head;
    this.#canCarryMore = head.isPersistent;
    const { framing, status, reason } = head;
    if (framing.kind === 'length') this.#left = framing.length;
    else if (framing.kind === 'chunked') this.#chunks = new Chunks();
    const fields = rewrittenFields(head.fields, status, this.#outgoing, this.upstream);
    const hasLength = framing.kind === 'length' || framing.kind === 'none';
    this.#client.takeHead({ status, reason: reasonPhrase(reason), fields, hasLength }, this.#outgoing, this);
    this.#account?.answered();
  }

  /** @returns whether the client keeps up */
  #readBody(bytes: Buffer, at: number, length: number): boolean {
    const framing = this.#head?.framing.kind;
    if (framing === 'chunked') return this.#readChunks(bytes, at, length);
    if (framing === 'close') return this.#pass(bytes, at, length);
    const end = Math.min(length, at + this.#left);
    this.#left -= end - at;
    if (this.#left > 0) return this.#pass(bytes, at, end);
    // Without a body, the head alone is the answer: a server that sends one after HEAD loses its connection only.
    if (framing === 'none') this.#canCarryMore &&= end === length;
    else requireNothingBehind(end, length);
    this.#complete(bytes, at, end);
    return true;
  }

  #readChunks(bytes: Buffer, at: number, length: number): boolean {
    const chunks = this.#chunks as Chunks;
    const { body, start, end, after } = chunks.readData(bytes, at, length);
    requireNothingBehind(after, length);
    if (!chunks.isOver) return this.#pass(body, start, end);
    this.#client.takeTrailers(trailerFields(chunks.trailers));
    this.#complete(body, start, end);
    return true;
  }

  /** Passes a piece of the body on, or else the head alone. @returns whether the client keeps up */
  #pass(bytes: Buffer, start: number, end: number): boolean {
    const connection = this.#connection as DirectConnection;
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

  /** The client has read what waited for it. */
  onClientDrain(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.#await(this.#awaited);
    this.#connection?.resume();
  }

  #complete(bytes: Buffer, start: number, end: number): void {
    const isLong = end - start > IN_ONE_PIECE;
    if (isLong) this.#pass(bytes, start, end);
    const connection = this.#connection;
    const keepAlive = this.#canCarryMore && this.#isBodySent ? (this.#head?.keepAlive ?? 0) : 0;
    this.#isOver = true;
    this.#connection = null;
    this.#account?.ended();
    connection?.leave(keepAlive);
    this.#events.onAnswered(isLong || start === end ? null : bytes.subarray(start, end));
  }

  onEnd(): void {
    if (this.#head?.framing.kind === 'close') this.#complete(NOTHING, 0, 0);
    else this.#fail(new ConnectionClosed());
  }

  onLost(error: Error): void {
    this.#fail(error);
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
    if (this.progress === 'waiting') connection?.abandonOpening();
    else connection?.destroy();
  }
}
