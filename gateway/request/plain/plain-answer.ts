import type { Socket } from 'node:net';
import type { RawFields } from '../../fields/raw-fields.ts';
import { MOST_UNSENT } from '../../forward/client-side.ts';
import type { KeptBytes } from '../../http/read-buffer.ts';
import { writeDirectly, writePieceDirectly } from '../../workarounds/node-direct-writes.ts';
import { answerText } from './answer-text.ts';

/** How far an answer has come. */
export type AnswerPhase =
  | 'none'
  /** Its head waits for the first piece of the body. */
  | 'head taken'
  | 'begun'
  /** All of it has been written, and some may wait for the client. */
  | 'ended';

/** The head of an answer to a client. */
export interface PlainAnswerHead {
  readonly status: number;
  readonly reason: string;
  readonly fields: RawFields;
  /** Whether the body is sent in chunks: its end is not known by the head. */
  readonly isChunked: boolean;
  /** Whether the connection ends with the answer. */
  readonly closes: boolean;
}

/** Writes one answer to a client's connection. A short one leaves in one piece. A class: one is made for each request. */
export class PlainAnswer {
  readonly #socket: Socket;
  /** The head, as long as it has not been written. */
  #head = '';
  #isChunked = false;
  #trailers = '';
  #idle: number;
  #isWatched = false;
  phase: AnswerPhase = 'none';
  status = 0;

  /** @param idle milliseconds without a byte while some of the answer waits for the client */
  constructor(socket: Socket, idle: number) {
    this.#socket = socket;
    this.#idle = idle;
  }

  setIdle(ms: number): void {
    this.#idle = ms;
  }

  /** Whether a part of the answer, its head at least, may have been sent. */
  get hasBegun(): boolean {
    return this.phase === 'begun' || this.phase === 'ended';
  }

  get hasUnsent(): boolean {
    return this.#socket.writableLength > 0;
  }

  /** Takes the head, which leaves with the first piece of the body. */
  takeHead({ status, reason, fields, isChunked, closes }: PlainAnswerHead): void {
    this.status = status;
    this.#isChunked = isChunked;
    this.#head = answerText(status, reason, fields, { isChunked, closes });
    this.phase = 'head taken';
  }

  /** Sends the head alone, if it has not left. */
  flushHead(): void {
    if (this.phase === 'head taken') this.#write(this.#takeText());
  }

  /** @param piece as Latin-1. @returns whether the client keeps up */
  writeText(piece: string): boolean {
    const text = this.#takeText();
    this.#write(text + (this.#isChunked ? chunkOf(piece) : piece));
    return this.#keepsUp;
  }

  /** @returns whether the client keeps up */
  writeBytes({ piece, done }: KeptBytes): boolean {
    const text = this.#takeText() + (this.#isChunked ? `${piece.length.toString(16)}\r\n` : '');
    writePieceDirectly(this.#socket, text, piece, this.#isChunked ? '\r\n' : '', done);
    this.watchClient();
    return this.#keepsUp;
  }

  takeTrailers(fields: readonly (readonly [string, string])[]): void {
    for (const [name, value] of fields) this.#trailers += `${name}: ${value}\r\n`;
  }

  /**
   * Writes the rest.
   *
   * @param last piece of the body, as Latin-1
   * @param onFlushed is called when all of it has left, perhaps at once; with an error, or never, if the connection is gone
   */
  end(last: string, onFlushed: (error?: Error | null) => void): void {
    const rest = this.#isChunked ? `${chunkOf(last)}0\r\n${this.#trailers}\r\n` : last;
    const text = this.#takeText() + rest;
    this.phase = 'ended';
    // Without a callback, which costs a turn of the queue: nearly all answers leave at once.
    if (text !== '') writeDirectly(this.#socket, text);
    if (this.#socket.writableLength === 0 && !this.#socket.destroyed) {
      onFlushed();
    } else {
      this.#socket.write('', onFlushed);
      this.watchClient();
    }
  }

  /** Limits the time without a byte as long as something waits for the client. */
  watchClient(): void {
    const waits = this.#socket.writableLength > 0;
    if (waits === this.#isWatched) return;
    this.#isWatched = waits;
    this.#socket.setTimeout(waits ? this.#idle : 0);
  }

  #takeText(): string {
    const text = this.#head;
    this.#head = '';
    this.phase = 'begun';
    return text;
  }

  #write(text: string): void {
    writeDirectly(this.#socket, text);
    this.watchClient();
  }

  get #keepsUp(): boolean {
    return this.#socket.writableLength < MOST_UNSENT;
  }
}

/** @returns nothing for an empty piece, which would end the body */
function chunkOf(piece: string): string {
  return piece === '' ? '' : `${piece.length.toString(16)}\r\n${piece}\r\n`;
}
