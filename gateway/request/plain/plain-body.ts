import type { Socket } from 'node:net';
import type { BodyReader } from '../../forward/direct/client.ts';
import type { KeptBytes, ReadBuffer } from '../../http/read-buffer.ts';

/** Bytes that are read of a body that nobody reads yet, and of further requests while one is under way. */
export const MOST_AHEAD = 16_384;

/** The body of the request that is under way on a connection. */
export class PlainBody {
  readonly #socket: Socket;
  readonly #buffer: ReadBuffer;
  /** Bytes that have not arrived. */
  #left = 0;
  /** The part that waits for its reader. */
  #held: KeptBytes | null = null;
  #reader: BodyReader | 'nobody' | null = null;

  constructor(socket: Socket, buffer: ReadBuffer) {
    this.#socket = socket;
    this.#buffer = buffer;
  }

  /** Bytes that have not arrived. */
  get left(): number {
    return this.#left;
  }

  /** @param held the part that has arrived; null: none. @param left bytes that have not */
  begin(held: KeptBytes | null, left: number): void {
    this.#reader = null;
    this.#held = held;
    this.#left = left;
  }

  /** Gives the reader what has arrived, then each further piece. */
  readBy(reader: BodyReader): void {
    this.#reader = reader;
    const held = this.#held;
    this.#held = null;
    const wantsMore = held === null || reader.onBodyPiece(held, this.#left === 0);
    if (this.#left === 0) return;
    if (wantsMore) this.#socket.resume();
    else this.#socket.pause();
  }

  /** It waits for another reader. */
  keep(): void {
    this.#reader = null;
  }

  /** Goes on after the reader wanted no more. */
  resume(): void {
    if (this.#left > 0) this.#socket.resume();
  }

  discard(): void {
    this.#reader = 'nobody';
    this.#dropHeld();
    this.resume();
  }

  /** Discards whatever comes: the connection ends. */
  discardAll(): void {
    this.#reader = 'nobody';
    this.#dropHeld();
    this.#left = Number.POSITIVE_INFINITY;
  }

  /** @param bytes whose first ones are of the body. @returns whether they are discarded */
  read(bytes: Buffer, length: number): boolean {
    this.#left -= length;
    const reader = this.#reader;
    if (reader === null) {
      const piece = this.#buffer.copy(bytes, 0, length);
      const held = this.#held === null ? piece : Buffer.concat([this.#held.piece, piece]);
      this.#dropHeld();
      this.#held = { piece: held, done };
      if (held.length > MOST_AHEAD) this.#socket.pause();
    } else if (reader !== 'nobody') {
      const wantsMore = reader.onBodyPiece(this.#buffer.keep(bytes, 0, length), this.#left === 0);
      if (!wantsMore && this.#left > 0) this.#socket.pause();
    }
    return reader === 'nobody';
  }

  #dropHeld(): void {
    this.#held?.done();
    this.#held = null;
  }
}

function done(): void {}
