import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { RequestLine } from '../http/request-line.ts';
import { type HeldParser, holdParser } from '../workarounds/held-parser.ts';

/** The part of a message that comes next on a connection. */
const LINE = 0;
const FIELDS = 1;
const BODY = 2;
const CHUNKS = 3;
/** Nothing is read any more: the connection has ended, or is no longer HTTP. */
const NOTHING = 4;

const BLANK_LINE = Buffer.from('\r\n\r\n');
const CR = 0x0d;
const LF = 0x0a;
const EMPTY = Buffer.alloc(0);
/**
 * Messages after which Node's parser alone reads a connection. Passing the bytes through JavaScript costs a tenth of a request,
 * and a client that has sent so many well-formed lines will go on so. A later malformed line would be parsed leniently, and
 * forwarded in the canonical form.
 */
const MOST_MESSAGES = 100;
/** Characters kept of a line that arrives in several pieces, to report what is wrong with it. */
const LONGEST_LINE = 16_384;

/**
 * Validates the request line of each message on a connection before Node's parser reads it: the parser accepts malformed
 * lines, and does not report how a line was written.
 *
 * It stands between the socket and the parser, and passes on the bytes up to the end of a head or a body. So the parser alone
 * determines the framing, and where the next message begins. After `MOST_MESSAGES` messages it removes itself.
 */
export class MessageReader {
  readonly #socket: Socket;
  readonly #parser: HeldParser;
  readonly #newest: () => IncomingMessage | null;
  readonly #line = new RequestLine();
  #next = LINE;
  #messages = 0;
  /** Bytes of a body that have not arrived. */
  #left = 0;
  /** Bytes of a blank line that the previous bytes ended with. */
  #matched = 0;
  /** The line so far, if it arrives in several pieces or is malformed. */
  #lineText = '';
  /** The bytes that contain a line which arrived in one piece; released at the end of the head. */
  #lineBytes: Buffer = EMPTY;
  #lineStart = 0;
  #lineLength = 0;
  #rest: Buffer = EMPTY;

  /** @param newest returns the request whose head the parser has read last */
  constructor(socket: Socket, newest: () => IncomingMessage | null) {
    this.#socket = socket;
    this.#newest = newest;
    this.#parser = holdParser(socket, this.#onData);
  }

  /** Whether the request line is malformed. */
  get hasMalformedLine(): boolean {
    return this.#line.isMalformed;
  }

  /** Bytes of the current request line so far. */
  get lineLength(): number {
    return this.#lineLength;
  }

  /**
   * The current request line as Latin-1, as far as it has arrived, with its line feed. Empty once its head has been read. Never
   * contains bytes behind the line, which may be a credential.
   */
  get line(): string {
    const end = this.#lineStart + this.#lineLength;
    const text = this.#lineText || this.#lineBytes.toString('latin1', this.#lineStart, end);
    return text.slice(0, text.indexOf('\n') + 1 || text.length);
  }

  /** Reads no further message. @returns the bytes not yet passed to the parser */
  stop(): Buffer {
    const rest = this.#rest;
    this.#rest = EMPTY;
    this.#lineBytes = EMPTY;
    this.#next = NOTHING;
    return rest;
  }

  /** Gives the connection to another reader. @returns the bytes not yet passed to the parser, for that reader */
  detach(): Buffer {
    this.#socket.removeListener('data', this.#onData);
    return this.stop();
  }

  readonly #onData = (bytes: Buffer): void => {
    let at = 0;
    while (at < bytes.length && this.#next !== NOTHING && !this.#socket.destroyed) {
      const end = this.#endOfPiece(bytes, at);
      const piece = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end);
      this.#rest = end === bytes.length ? EMPTY : bytes.subarray(end);
      this.#parser.parse(piece);
      if (this.#next === FIELDS || this.#next === CHUNKS) this.#detectNext();
      at = end;
      // The parser is paused: the remaining bytes come again when the socket resumes.
      if (at < bytes.length && this.#next !== NOTHING && this.#socket.isPaused()) {
        this.#socket.unshift(this.#rest);
        break;
      }
    }
    this.#rest = EMPTY;
    if (this.#messages > MOST_MESSAGES && this.#isBetweenMessages) {
      this.#messages = 0;
      // Not while the bytes of one read are being parsed.
      setImmediate(this.#release);
    }
  };

  get #isBetweenMessages(): boolean {
    return this.#next === LINE && this.#line.isAwaited;
  }

  readonly #release = (): void => {
    if (!this.#isBetweenMessages || this.#socket.destroyed || this.#socket.isPaused()) return;
    this.#parser.release();
    this.stop();
  };

  /** @returns the end of the bytes that go to the parser next */
  #endOfPiece(bytes: Buffer, from: number): number {
    if (this.#next === BODY) {
      const end = Math.min(bytes.length, from + this.#left);
      this.#left -= end - from;
      if (this.#left === 0) this.#begin();
      return end;
    }
    if (this.#next !== LINE) return this.#endOfBlankLine(bytes, from);
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
      // In a head without fields, the line's CRLF is the first half of the blank line.
      this.#matched = 2;
      return this.#endOfBlankLine(bytes, fields);
    }
    if (this.#line.isMalformed) {
      this.#keepLine(bytes, bytes.length);
      // The parser refuses a NUL anywhere in a line, once the messages before it are parsed.
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

  /** After the end of a head, or a possible end of chunks: determines the next part from the parser's state. */
  #detectNext(): void {
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

  /** @returns the end of the next blank line; the end of the bytes if there is none */
  #endOfBlankLine(bytes: Buffer, from: number): number {
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

/** How many bytes of a blank line the bytes from an offset on end with. */
function endingOf(bytes: Buffer, from: number): number {
  for (let length = Math.min(BLANK_LINE.length - 1, bytes.length - from); length > 0; length--) {
    if (bytes.subarray(bytes.length - length).equals(BLANK_LINE.subarray(0, length))) return length;
  }
  return 0;
}
