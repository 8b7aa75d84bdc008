import { type AnswerHead, readAnswerHead, requireNothingBehind } from './answer-head.ts';
import { Chunks } from './chunks.ts';

const NOTHING = Buffer.alloc(0);

/** Gets an answer as it is read. */
export interface AnswerTaker {
  /** An interim answer has arrived. @throws if there were too many */
  onInterim(): void;
  /** @throws GatewayError 502 for a head that is not passed on */
  onHead(head: AnswerHead): void;
  /**
   * A piece of the body; an empty one if nothing of it has arrived with the head or in a read.
   *
   * @returns whether to go on reading
   */
  onPiece(bytes: Buffer, start: number, end: number): boolean;
  /** @param fields names and values in turn */
  onTrailers(fields: readonly string[]): void;
  /**
   * The last piece of the body.
   *
   * @param isPersistent whether the connection can take another request
   */
  onComplete(bytes: Buffer, start: number, end: number, isPersistent: boolean): void;
}

/** Reads the answer to one request, as its bytes arrive. A class: one is made for each request. */
export class AnswerReader {
  readonly #method: string;
  readonly #taker: AnswerTaker;
  /** The beginning of a head that has not arrived in full. */
  #begun: Buffer | null = null;
  #head: AnswerHead | null = null;
  /** Bytes of a body with a length that have not arrived. */
  #left = 0;
  #chunks: Chunks | null = null;

  /** @param method of the request */
  constructor(method: string, taker: AnswerTaker) {
    this.#method = method;
    this.#taker = taker;
  }

  /** The head of the final answer; null: it has not arrived. */
  get head(): AnswerHead | null {
    return this.#head;
  }

  /**
   * @param read is valid during the call only
   * @returns whether to go on reading
   * @throws BadAnswer, and what the taker throws
   */
  read(read: Buffer, readLength: number): boolean {
    let bytes = read;
    let length = readLength;
    if (this.#begun !== null) {
      bytes = Buffer.concat([this.#begun, read.subarray(0, readLength)]);
      length = bytes.length;
      this.#begun = null;
    }
    let at = 0;
    let head = this.#head;
    while (head === null) {
      const next = readAnswerHead(bytes, at, length, this.#method);
      if (next === null) {
        this.#begun = Buffer.from(bytes.subarray(at, length));
        return true;
      }
      at = next.end;
      // Interim answers concern the connection to the upstream (RFC 9110 section 15.2). 101 is asked for by no request here.
      if (next.status >= 100 && next.status < 200 && next.status !== 101) {
        this.#taker.onInterim();
      } else {
        this.#begin(next);
        head = next;
      }
    }
    return this.#readBody(head, bytes, at, length);
  }

  /** The connection has ended. @returns whether that ends the answer */
  end(): boolean {
    if (this.#head?.framing.kind !== 'close') return false;
    this.#taker.onComplete(NOTHING, 0, 0, false);
    return true;
  }

  #begin(head: AnswerHead): void {
    this.#head = head;
    const { framing } = head;
    if (framing.kind === 'length') this.#left = framing.length;
    else if (framing.kind === 'chunked') this.#chunks = new Chunks();
    this.#taker.onHead(head);
  }

  #readBody({ framing, isPersistent }: AnswerHead, bytes: Buffer, at: number, length: number): boolean {
    if (this.#chunks !== null) return this.#readChunks(this.#chunks, isPersistent, bytes, at, length);
    if (framing.kind === 'close') return this.#taker.onPiece(bytes, at, length);
    const end = Math.min(length, at + this.#left);
    this.#left -= end - at;
    if (this.#left > 0) return this.#taker.onPiece(bytes, at, end);
    // Without a body, the head alone is the answer: a server that sends one after HEAD loses its connection only.
    if (framing.kind === 'none') {
      this.#taker.onComplete(bytes, at, end, isPersistent && end === length);
    } else {
      requireNothingBehind(end, length);
      this.#taker.onComplete(bytes, at, end, isPersistent);
    }
    return true;
  }

  #readChunks(chunks: Chunks, isPersistent: boolean, bytes: Buffer, at: number, length: number): boolean {
    const { body, start, end, after } = chunks.readData(bytes, at, length);
    requireNothingBehind(after, length);
    if (!chunks.isOver) return this.#taker.onPiece(body, start, end);
    this.#taker.onTrailers(chunks.trailers);
    this.#taker.onComplete(body, start, end, isPersistent);
    return true;
  }
}
