import { METHODS } from 'node:http';
import { badRequest, GatewayError } from '../domain/errors.ts';

/** Where a request line is: before it, in its parts, or behind it. */
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

/** `HTTP/`, in the one spelling that there is (RFC 9112 section 2.3). */
const NAME = [0x48, 0x54, 0x54, 0x50, 0x2f];
const MAJOR = NAME.length;
const MINOR = MAJOR + 2;

/**
 * Reads request lines (RFC 9112 section 3) before Node's parser does, and refuses what that reads as something else: more
 * than one space between two parts, another protocol that it knows (`RTSP/1.0`), an empty line that is none. It keeps
 * to itself whether the rest is well-formed, since the parser refuses what is not.
 *
 * A line may come in pieces, and costs one look at each byte. `begin` starts the next one.
 */
export class RequestLine {
  #part = BEFORE;
  /** Bytes of the version so far. */
  #place = 0;
  #major = 0;
  /** Where the line begins in the piece that was read last: 0 for one that began in an earlier piece. */
  start = 0;
  isMalformed = false;

  begin(): void {
    this.#part = BEFORE;
    this.isMalformed = false;
  }

  /** Whether none of the line has come yet. */
  get isAwaited(): boolean {
    return this.#part === BEFORE || this.#part === EMPTY_LINE;
  }

  /**
   * Reads on, up to the end of the line, of the bytes, or of what is well-formed.
   *
   * A higher minor version is processed as the highest that is known (RFC 9110 section 2.5). The parser knows no way to
   * do that, so the bytes are changed to `HTTP/1.1`.
   *
   * @returns where the fields begin; -1 where the line goes on behind these bytes, or is malformed
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
            this.#place = 0;
          } else if (byte === LF) {
            // Without a version it would be HTTP/0.9, whose requests have no fields.
            return this.#refuse();
          }
          break;
        case VERSION:
          if (byte === LF) return at + 1;
          if (!this.#isVersion(bytes, at, byte)) return this.#refuse();
          this.#place += 1;
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
    if (this.#place < MAJOR) return byte === NAME[this.#place];
    if (this.#place === MAJOR) this.#major = byte;
    else if (this.#place === MINOR && this.#major === ONE && byte > ONE && byte <= NINE) bytes[at] = ONE;
    return true;
  }

  #refuse(): -1 {
    this.isMalformed = true;
    return -1;
  }
}

/** What stands in a request line, as far as it has come; parts that there are none of are empty. */
export interface LineParts {
  readonly method: string;
  readonly target: string;
}

/** Takes a refused line apart for the log. @param line one character a byte */
export function partsOf(line: string): LineParts {
  const [, method = '', target = ''] = /^([!#$%&'*+.^_`|~\w-]+)(?: +([^ \r\n]*))?/.exec(line) ?? [];
  return { method, target };
}

/**
 * What is wrong with a line that the parser would not read: 505 for another major version, 501 for a method that nobody
 * knows (RFC 9110 sections 15.6.6 and 15.6.2), else null.
 *
 * @param line one character a byte, as far as it has come
 */
export function refusedLine(line: string): GatewayError | null {
  const [matched, method = '', version] = (line.endsWith('\n') ? WHOLE_LINE : BEGINNING).exec(line) ?? [];
  if (matched === undefined) return null;
  if (version !== undefined && version !== '1') return versionNotSupported(`HTTP/${version}`);
  if (KNOWN.has(method)) return null;
  return new GatewayError('not_implemented', 'no such method');
}

export function malformedLine(): GatewayError {
  return badRequest('The request line is malformed');
}

export function versionNotSupported(version: string): GatewayError {
  return new GatewayError('http_version_not_supported', version);
}

/** Method and major version of a line that is well-formed; or of what has come of one, as far as that goes. */
const WHOLE_LINE = /^([!#$%&'*+.^_`|~\w-]+) [^ ]+ HTTP\/(\d)\.\d\r\n$/;
const BEGINNING = /^([!#$%&'*+.^_`|~\w-]+)(?: [^ ]*(?: (?:H|HT|HTT|HTTP|HTTP\/(?:(\d)(?:\.\d?)?)?)?)?)?$/;

const KNOWN: ReadonlySet<string> = new Set(METHODS);
