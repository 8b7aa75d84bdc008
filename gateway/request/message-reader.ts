import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { RequestLine } from '../http/request-line.ts';
import { type HeldParser, holdParser } from '../workarounds/held-parser.ts';

/** What of a connection's bytes comes next. */
const LINE = 0;
const FIELDS = 1;
const BODY = 2;
const CHUNKS = 3;
/** Nothing that is of interest: the connection has ended, or is no longer HTTP. */
const NOTHING = 4;

const BLANK_LINE = Buffer.from('\r\n\r\n');
const CR = 0x0d;
const LF = 0x0a;
const EMPTY = Buffer.alloc(0);
/**
 * Messages after which a connection is read by Node's parser alone. To hand it the bytes in JavaScript costs a tenth of a request,
 * and a client that has written so many lines rightly writes them all so. A line that it wrote otherwise from then on would be
 * read leniently, and forwarded in the one right form.
 */
const MOST_MESSAGES = 100;
/** Characters of a line that is in several pieces, for whoever asks what was wrong with it. */
const LONGEST_LINE = 16_384;

/**
 * Looks at the request line of each message on a connection before Node's parser gets the bytes, which tells nothing of
 * how the line was written.
 *
 * It stands between the socket and the parser, and hands on the bytes up to the end of a head or a body, so that the
 * parser itself says where the next message begins: only it knows what frames the last one. After `MOST_MESSAGES` it lets go.
 */
export class MessageReader {
  readonly #socket: Socket;
  readonly #parser: HeldParser;
  readonly #newest: () => IncomingMessage | null;
  readonly #line = new RequestLine();
  #next = LINE;
  #messages = 0;
  /** Bytes of a body that are still to come. */
  #left = 0;
  /** How much of a blank line the bytes before ended with. */
  #matched = 0;
  /** The line so far, where it came in several pieces, or will not be read to its end. */
  #lineText = '';
  /** The bytes that the line came with, where it came in one piece, and its place in them. Let go with the end of the head. */
  #lineBytes: Buffer = EMPTY;
  #lineStart = 0;
  #lineLength = 0;
  #rest: Buffer = EMPTY;

  /** @param newest the request whose head the parser has read last */
  constructor(socket: Socket, newest: () => IncomingMessage | null) {
    this.#socket = socket;
    this.#newest = newest;
    this.#parser = holdParser(socket, this.#onData);
  }

  /** Whether the request line is not of the form that it must have. */
  get hasMalformedLine(): boolean {
    return this.#line.isMalformed;
  }

  /** The request line that was read last: its length so far in bytes. */
  get lineLength(): number {
    return this.#lineLength;
  }

  /**
   * The request line that was read last, as far as it has come, one character a byte; with its line feed, if that has. Empty
   * once its head has been read. Never anything of what is behind it, which may be a credential.
   */
  get line(): string {
    const end = this.#lineStart + this.#lineLength;
    const text = this.#lineText || this.#lineBytes.toString('latin1', this.#lineStart, end);
    return text.slice(0, text.indexOf('\n') + 1 || text.length);
  }

  /** No message comes any more: what does is not read. @returns what has come already */
  stop(): Buffer {
    const rest = this.#rest;
    this.#rest = EMPTY;
    this.#lineBytes = EMPTY;
    this.#next = NOTHING;
    return rest;
  }

  /** The connection belongs to somebody else. @returns what has come already, and is theirs */
  detach(): Buffer {
    this.#socket.removeListener('data', this.#onData);
    return this.stop();
  }

  readonly #onData = (bytes: Buffer): void => {
    let at = 0;
    while (at < bytes.length && this.#next !== NOTHING && !this.#socket.destroyed) {
      const end = this.#pieceOf(bytes, at);
      const piece = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end);
      this.#rest = end === bytes.length ? EMPTY : bytes.subarray(end);
      this.#parser.parse(piece);
      if (this.#next === FIELDS || this.#next === CHUNKS) this.#look();
      at = end;
      // The parser takes nothing more until it is asked to: what is left comes again.
      if (at < bytes.length && this.#next !== NOTHING && this.#socket.isPaused()) {
        this.#socket.unshift(this.#rest);
        break;
      }
    }
    this.#rest = EMPTY;
    if (this.#messages > MOST_MESSAGES && this.#isBetweenMessages) {
      this.#messages = 0;
      // Not while the bytes of a read are being handed on.
      setImmediate(this.#letGo);
    }
  };

  get #isBetweenMessages(): boolean {
    return this.#next === LINE && this.#line.isAwaited;
  }

  readonly #letGo = (): void => {
    if (!this.#isBetweenMessages || this.#socket.destroyed || this.#socket.isPaused()) return;
    this.#parser.release();
    this.stop();
  };

  /** @returns the end of the bytes that the parser may have */
  #pieceOf(bytes: Buffer, from: number): number {
    if (this.#next === BODY) {
      const end = Math.min(bytes.length, from + this.#left);
      this.#left -= end - from;
      if (this.#left === 0) this.#begin();
      return end;
    }
    if (this.#next !== LINE) return this.#behindBlankLine(bytes, from);
    const fields = this.#line.read(bytes, from);
    if (fields !== -1) {
      if (this.#lineText === '') {
        this.#lineStart = this.#line.start;
        this.#lineLength = fields - this.#lineStart;
        this.#lineBytes = bytes;
      } else {
        this.#keepLine(bytes, fields);
      }
      this.#next = FIELDS;
      // The line's own end may be the beginning of a blank line: a head without fields.
      this.#matched = 2;
      return this.#behindBlankLine(bytes, fields);
    }
    if (this.#line.isMalformed) {
      this.#keepLine(bytes, bytes.length);
      // No line has a NUL, wherever: the parser refuses it when it is its turn.
      bytes[this.#line.start] = 0;
      return bytes.length;
    }
    if (!this.#line.isAwaited) this.#keepLine(bytes, bytes.length);
    return bytes.length;
  }

  #keepLine(bytes: Buffer, end: number): void {
    const { start } = this.#line;
    if (this.#lineText.length < LONGEST_LINE) this.#lineText += bytes.toString('latin1', start, end);
    this.#lineLength += end - start;
  }

  #begin(): void {
    this.#next = LINE;
    this.#messages += 1;
    this.#line.begin();
    this.#lineText = '';
    this.#lineLength = 0;
  }

  /** The parser has had the end of a head, or what may be that of chunks: what does it say comes next? */
  #look(): void {
    if (this.#matched !== BLANK_LINE.length) return;
    this.#matched = 0;
    this.#lineBytes = EMPTY;
    const req = this.#newest();
    if (req === null) return;
    if (req.complete) {
      this.#begin();
    } else if (this.#next === FIELDS) {
      if (req.headers['transfer-encoding'] === undefined) {
        this.#left = Number(req.headers['content-length']);
        this.#next = BODY;
      } else {
        this.#next = CHUNKS;
      }
    }
  }

  /** @returns where the next blank line ends; the end of the bytes where there is none */
  #behindBlankLine(bytes: Buffer, from: number): number {
    let at = from;
    while (this.#matched > 0 && this.#matched < BLANK_LINE.length && at < bytes.length) {
      const byte = bytes[at] as number;
      if (byte === (this.#matched % 2 === 0 ? CR : LF)) this.#matched += 1;
      else this.#matched = byte === CR ? 1 : 0;
      at += 1;
    }
    if (this.#matched === BLANK_LINE.length || at === bytes.length) return at;
    const found = bytes.indexOf(BLANK_LINE, at);
    if (found !== -1) {
      this.#matched = BLANK_LINE.length;
      return found + BLANK_LINE.length;
    }
    this.#matched = endingOf(bytes, at);
    return bytes.length;
  }
}

/** How much of a blank line bytes end with, of those from a place on. */
function endingOf(bytes: Buffer, from: number): number {
  for (let length = Math.min(BLANK_LINE.length - 1, bytes.length - from); length > 0; length--) {
    if (bytes.subarray(bytes.length - length).equals(BLANK_LINE.subarray(0, length))) return length;
  }
  return 0;
}
