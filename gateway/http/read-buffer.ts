/** Bytes that one read can fill. */
const SHARED_SIZE = 65_536;
const OWN_SIZE = 262_144;
/** Most buffers kept for further use. */
const MOST_SPARE = 64;
/** Most connections that go on with a buffer of their own after a long message. */
const MOST_OWNERS = 64;
/** Bytes up to which a copy costs less than another buffer. */
const WORTH_KEEPING = 16_384;

/** All connections read into it in turn: each read is dealt with before the next one. */
const shared = Buffer.allocUnsafeSlow(SHARED_SIZE);
const spare: Buffer[] = [];
let owners = 0;

/** Bytes that stay valid after the read that brought them. */
export interface KeptBytes {
  readonly piece: Buffer;
  /** To be called once the piece is of no more use: another read may then fill its memory. */
  done(): void;
}

/**
 * The memory that one connection reads into. Short messages are dealt with in the buffer that all connections share, and what is
 * needed for longer is copied. Long pieces stay where they are until they have left, and the connection goes on with another
 * buffer. After a long message it keeps a buffer of its own, until the next short one: the first piece of the next long message
 * need not be copied then.
 */
export class ReadBuffer {
  /** The buffer of the last read. */
  #last: Buffer = shared;
  /** The buffer for the next one. Another one: a piece of the last read is kept. */
  #next: Buffer = shared;
  /** Whether the message under way has had a long piece. */
  #isLong = false;
  /** Whether it is one of the `owners`. */
  #isOwner = false;

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
    this.#isLong = true;
    this.#next = take();
    if (bytes !== shared) return { piece: bytes.subarray(start, end), done: () => giveBack(bytes) };
    const other = take();
    return { piece: other.subarray(0, bytes.copy(other, 0, start, end)), done: () => giveBack(other) };
  }

  /** Copies a piece of bytes, if they are in a buffer that is read into again. */
  copy(bytes: Buffer, start: number, end: number): Buffer {
    const part = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
    return bytes === this.#last ? Buffer.from(part) : part;
  }

  /**
   * The message is over, and no part of it is needed but what was kept. To be called while a read is dealt with: at other times
   * the buffer for the next read may be filled at any moment.
   */
  reset(): void {
    if (this.#next === shared) return;
    const wasLong = this.#isLong;
    this.#isLong = false;
    if (wasLong && this.#own()) return;
    giveBack(this.#next);
    this.#next = shared;
    this.close();
  }

  /** The connection is gone. */
  close(): void {
    // The read under way may end with `reset`, as where the connection is handed over.
    this.#isLong = false;
    if (!this.#isOwner) return;
    this.#isOwner = false;
    owners -= 1;
  }

  /** @returns whether there is room for one more owner */
  #own(): boolean {
    if (this.#isOwner) return true;
    if (owners === MOST_OWNERS) return false;
    owners += 1;
    this.#isOwner = true;
    return true;
  }
}

function take(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(OWN_SIZE);
}

function giveBack(buffer: Buffer): void {
  if (spare.length < MOST_SPARE) spare.push(buffer);
}

function nothing(): void {}
