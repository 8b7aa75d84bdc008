import { METHODS } from 'node:http';
import { badRequest, GatewayError } from '../domain/errors.ts';

/** The part of the request line that the next byte belongs to. */
const BEFORE = 0;
const EMPTY_LINE = 1;
const METHOD = 2;
const TARGET_START = 3;
const TARGET = 4;
const VERSION = 5;

const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const ONE = 0x31;
const NINE = 0x39;

/** `HTTP/`, which is case-sensitive (RFC 9112 section 2.3). */
const NAME = [0x48, 0x54, 0x54, 0x50, 0x2f];
const MAJOR = NAME.length;
const MINOR = MAJOR + 2;

/**
 * Reads request lines (RFC 9112 section 3) before Node's parser does, and refuses what that parser accepts leniently: more
 * than one space between parts, another protocol (`RTSP/1.0`), a bare CR or LF as an empty line. Everything else that is
 * malformed is left to the parser.
 *
 * A line may come in pieces; each byte is read once. `begin` starts the next line.
 */
export class RequestLine {
  #part = BEFORE;
  /** Bytes of the version read so far. */
  #versionBytes = 0;
  #major = 0;
  /** Where the line begins in the piece read last; where that piece begins if the line began in an earlier one. */
  start = 0;
  isMalformed = false;

  begin(): void {
    this.#part = BEFORE;
    this.isMalformed = false;
  }

  /** Whether no byte of the line has arrived. */
  get isAwaited(): boolean {
    return this.#part === BEFORE || this.#part === EMPTY_LINE;
  }

  /**
   * Reads up to the end of the line, the end of the bytes, or the first malformed byte.
   *
   * A higher minor version is processed as the highest known one (RFC 9110 section 2.5). The parser cannot do that, so
   * the bytes are changed to `HTTP/1.1`.
   *
   * @returns where the fields begin; -1 if the line continues beyond these bytes or is malformed
   */
  read(bytes: Buffer, from: number): number {
    this.start = from;
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      switch (this.#part) {
        case METHOD:
          if (byte === SP) this.#part = TARGET_START;
          break;
        case TARGET:
          if (byte === SP) {
            this.#part = VERSION;
            this.#versionBytes = 0;
          } else if (byte === LF) {
            // A line without a version is HTTP/0.9.
            return this.#refuse();
          }
          break;
        case VERSION:
          if (byte === LF) return at + 1;
          if (!this.#isVersion(bytes, at, byte)) return this.#refuse();
          this.#versionBytes += 1;
          break;
        case BEFORE:
          // An empty line before the request line is skipped (RFC 9112 section 2.2); half of one is not.
          if (byte === LF) return this.#refuse();
          this.start = at;
          this.#part = byte === CR ? EMPTY_LINE : METHOD;
          break;
        case EMPTY_LINE:
          if (byte !== LF) return this.#refuse();
          this.#part = BEFORE;
          break;
        case TARGET_START:
          if (byte === SP) return this.#refuse();
          this.#part = TARGET;
          break;
      }
    }
    return -1;
  }

  #isVersion(bytes: Buffer, at: number, byte: number): boolean {
    if (this.#versionBytes < MAJOR) return byte === NAME[this.#versionBytes];
    if (this.#versionBytes === MAJOR) this.#major = byte;
    else if (this.#versionBytes === MINOR && this.#major === ONE && byte > ONE && byte <= NINE) bytes[at] = ONE;
    return true;
  }

  #refuse(): -1 {
    this.isMalformed = true;
    return -1;
  }
}

/** The parts of a request line, as far as it has arrived; missing parts are empty. */
export interface LineParts {
  readonly method: string;
  readonly target: string;
}

/** Splits a refused line for the log. @param line as Latin-1 */
export function partsOf(line: string): LineParts {
  const [, method = '', target = ''] = /^([!#$%&'*+.^_`|~\w-]+)(?: +([^ \r\n]*))?/.exec(line) ?? [];
  return { method, target };
}

/**
 * Finds why the parser rejected a line: 505 for another major version, 501 for an unknown method (RFC 9110 sections 15.6.6
 * and 15.6.2), else null.
 *
 * @param line as Latin-1, as far as it has arrived
 */
export function refusedLine(line: string): GatewayError | null {
  const [matched, method = '', version] = (line.endsWith('\n') ? WHOLE_LINE : BEGINNING).exec(line) ?? [];
  if (matched === undefined) return null;
  if (version !== undefined && version !== '1') return versionNotSupported(`HTTP/${version}`);
  return KNOWN.has(method) ? null : unknownMethod();
}

/**
 * Judges a method that did not come in a request line.
 *
 * @throws GatewayError 501 for an unknown method
 */
export function requireKnownMethod(method: string): void {
  if (!KNOWN.has(method)) throw unknownMethod();
}

function unknownMethod(): GatewayError {
  return new GatewayError('not_implemented', 'no such method');
}

export function malformedLine(): GatewayError {
  return badRequest('The request line is malformed');
}

/** The connection closes: what follows is of that version too. */
export function versionNotSupported(version: string): GatewayError {
  return new GatewayError('http_version_not_supported', version, { headers: { Connection: 'close' } });
}

/** Method and major version of a whole well-formed line, or of the beginning of one. */
const WHOLE_LINE = /^([!#$%&'*+.^_`|~\w-]+) [^ ]+ HTTP\/(\d)\.\d\r\n$/;
const BEGINNING = /^([!#$%&'*+.^_`|~\w-]+)(?: [^ ]*(?: (?:H|HT|HTT|HTTP|HTTP\/(?:(\d)(?:\.\d?)?)?)?)?)?$/;

const KNOWN: ReadonlySet<string> = new Set(METHODS);
