import { INCOMPLETE, MALFORMED, readFieldLines } from '../../http/field-lines.ts';
import { CR, LF } from '../../http/octets.ts';
import { BadAnswer } from './answer-head.ts';

/** The part of a chunked body that the next byte belongs to. */
const SIZE = 0;
const EXTENSION = 1;
const END_OF_SIZE = 2;
const DATA = 3;
const END_OF_DATA = 4;
const LINE_FEED_OF_DATA = 5;
const TRAILERS = 6;
const OVER = 7;

const SEMICOLON = 0x3b;
/** Hexadecimal digits of a size: exact as a JavaScript number. */
const MOST_DIGITS = 12;
/** Bytes of the extensions of one chunk, and of all trailers. */
const LONGEST_EXTENSION = 1_024;
const LONGEST_TRAILERS = 16_384;
/** RFC 9112 section 7.1.1, without whitespace, behind the first semicolon. */
const EXTENSIONS =
  /^(?:(?:^|;)[!#-'*+.^_`|~\w-]+(?:=(?:[!#-'*+.^_`|~\w-]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)+$/;

/**
 * Reads a chunked body (RFC 9112 section 7.1) without any leniency: each size is plain hexadecimal, each line ends with CRLF.
 * Extensions are dropped, as an intermediary may.
 */
export class Chunks {
  #part = SIZE;
  #digits = 0;
  #size = 0;
  #extension = '';
  #trailers = '';
  /** Names and values of the trailer fields in turn, once the body is over. */
  trailers: readonly string[] = [];

  get isOver(): boolean {
    return this.#part === OVER;
  }

  /**
   * Reads the data of all chunks in the bytes as one piece: `start` to `end` of `body`.
   *
   * @returns `after`: where the bytes behind the body begin; `to` if there are none yet
   * @throws BadAnswer
   */
  readData(bytes: Buffer, from: number, to: number) {
    const pieces: Buffer[] = [];
    let start = 0;
    let end = 0;
    const after = this.read(bytes, from, to, (pieceStart, pieceEnd) => {
      start = pieceStart;
      end = pieceEnd;
      pieces.push(bytes.subarray(pieceStart, pieceEnd));
    });
    if (pieces.length <= 1) return { body: bytes, start, end, after };
    const body = Buffer.concat(pieces);
    return { body, start: 0, end: body.length, after };
  }

  /**
   * @param take gets where each piece of data begins and ends
   * @returns where the bytes behind the body begin; `to` if there are none yet
   * @throws BadAnswer
   */
  read(bytes: Buffer, from: number, to: number, take: (start: number, end: number) => void): number {
    let at = from;
    while (at < to) {
      if (this.#part === DATA) {
        const end = Math.min(to, at + this.#size);
        this.#size -= end - at;
        if (this.#size === 0) this.#part = END_OF_DATA;
        take(at, end);
        at = end;
      } else if (this.#part === TRAILERS) {
        at = this.#readTrailers(bytes, at, to);
      } else if (this.#part === OVER) {
        return at;
      } else {
        this.#readFraming(bytes[at] as number);
        at += 1;
      }
    }
    return at;
  }

  #readFraming(octet: number): void {
    switch (this.#part) {
      case SIZE: {
        const digit = hexadecimal(octet);
        if (digit !== -1) {
          this.#digits += 1;
          if (this.#digits > MOST_DIGITS) throw new BadAnswer('the size of a chunk is too large');
          this.#size = this.#size * 16 + digit;
          return;
        }
        if (this.#digits === 0) throw new BadAnswer('a chunk has no size');
        if (octet === CR) this.#part = END_OF_SIZE;
        else if (octet === SEMICOLON) this.#part = EXTENSION;
        else throw new BadAnswer('the size of a chunk is malformed');
        return;
      }
      case EXTENSION:
        if (octet !== CR) {
          this.#extension += String.fromCharCode(octet);
          if (this.#extension.length > LONGEST_EXTENSION) throw new BadAnswer('the extension of a chunk is too long');
          return;
        }
        if (!EXTENSIONS.test(this.#extension)) throw new BadAnswer('the extension of a chunk is malformed');
        this.#extension = '';
        this.#part = END_OF_SIZE;
        return;
      case END_OF_SIZE:
        requireLineFeed(octet);
        this.#part = this.#size === 0 ? TRAILERS : DATA;
        this.#digits = 0;
        return;
      case END_OF_DATA:
        if (octet !== CR) throw new BadAnswer('a chunk is longer than its size');
        this.#part = LINE_FEED_OF_DATA;
        return;
      case LINE_FEED_OF_DATA:
        requireLineFeed(octet);
        this.#part = SIZE;
        return;
    }
  }

  /** Reads the trailer fields and the blank line that ends them. */
  #readTrailers(bytes: Buffer, at: number, to: number): number {
    const before = this.#trailers.length;
    this.#trailers += bytes.toString('latin1', at, to);
    const fields: string[] = [];
    const end = readFieldLines(Buffer.from(this.#trailers, 'latin1'), 0, this.#trailers, 0, fields, []);
    if (end === MALFORMED) throw new BadAnswer('a trailer field is malformed');
    if ((end === INCOMPLETE ? this.#trailers.length : end) > LONGEST_TRAILERS)
      throw new BadAnswer('the trailers are too long');
    if (end === INCOMPLETE) return to;
    // RFC 9110 section 6.5.1. Some clients read them as the framing of the body.
    if (fields.some((name, i) => i % 2 === 0 && FRAMING.has(name.toLowerCase())))
      throw new BadAnswer('a trailer field frames the body');
    this.trailers = fields;
    this.#part = OVER;
    return at + end - before;
  }
}

const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding']);

function hexadecimal(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  const lower = octet | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function requireLineFeed(octet: number): void {
  if (octet !== LF) throw new BadAnswer('a line of the chunks does not end with CRLF');
}
