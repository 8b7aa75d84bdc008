import { Duplex } from 'node:stream';

/** One end of a connection without a network: gets bytes by `arrive`, and keeps what is written. */
export class MemorySocket extends Duplex {
  bytesRead = 0;
  readonly written: Buffer[] = [];

  constructor() {
    super({ highWaterMark: 1_048_576, allowHalfOpen: true });
  }

  /** Bytes from the other end. */
  arrive(bytes: Buffer): void {
    this.bytesRead += bytes.length;
    this.push(bytes);
  }

  /** The other end has closed its half. */
  arriveEnd(): void {
    this.push(null);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    done();
  }

  destroySoon(): void {
    this.destroy();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
