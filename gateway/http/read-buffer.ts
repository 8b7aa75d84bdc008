/** Bytes that one read can fill. */
const SHARED_SIZE = 65_536;
const OWN_SIZE = 262_144;
/** Most buffers kept for further use. */
const MOST_SPARE = 16;
/** Bytes up to which a copy costs less than another buffer. */
const WORTH_KEEPING = 16_384;

/** All connections read into it in turn: each read is dealt with before the next one. */
const shared = Buffer.allocUnsafeSlow(SHARED_SIZE);
const spare: Buffer[] = [];

/** Bytes that stay valid after the read that brought them. */
export interface KeptBytes {
  readonly piece: Buffer;
  /** To be called once the piece is of no more use: another read may then fill its memory. */
  done(): void;
}

/**
 * The memory that one connection reads into. Short messages are dealt with in the buffer that all connections share, and what is
 * needed for longer is copied. Long pieces that must wait for a slow peer stay where they are, and the connection goes on with
 * another buffer.
 */
export class ReadBuffer {
  /** The buffer of the last read. */
  #last: Buffer = shared;
  /** The buffer for the next one. Another one: a piece of the last read is kept. */
  #next: Buffer = shared;

  readonly next = (): Buffer => {
    this.#last = this.#next;
    return this.#next;
  };

  /** Keeps a piece of bytes that were read. */
  keep(bytes: Buffer, start: number, end: number): KeptBytes {
    const isOwn = bytes === this.#last;
    if (!isOwn || end - start <= WORTH_KEEPING || this.#last !== this.#next) {
      return { piece: this.copy(bytes, start, end), done: nothing };
    }
    this.#next = spare.pop() ?? Buffer.allocUnsafeSlow(OWN_SIZE);
    if (bytes === shared) return { piece: Buffer.from(bytes.subarray(start, end)), done: nothing };
    return { piece: bytes.subarray(start, end), done: () => giveBack(bytes) };
  }

  /** Copies a piece of bytes, if they are in a buffer that is read into again. */
  copy(bytes: Buffer, start: number, end: number): Buffer {
    const part = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
    return bytes === this.#last ? Buffer.from(part) : part;
  }

  /** The long message is over, and no part of it is needed but what was kept. */
  reset(): void {
    if (this.#next === shared) return;
    giveBack(this.#next);
    this.#next = shared;
  }
}

function giveBack(buffer: Buffer): void {
  if (spare.length < MOST_SPARE) spare.push(buffer);
}

function nothing(): void {}
