import { maxHeaderSize } from 'node:http';
import { nameAt, type RawFields, valueAt } from '../../fields/raw-fields.ts';
import { INCOMPLETE, readFieldLines } from '../../http/field-lines.ts';

/** How the end of an answer's body is found (RFC 9112 section 6.3). */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** The end of the connection. */
  | { readonly kind: 'close' };

export interface AnswerHead {
  readonly status: number;
  readonly reason: string;
  /** Names and values in turn. */
  readonly fields: RawFields;
  readonly framing: BodyFraming;
  /** Whether the connection can take another request after the answer. */
  readonly isPersistent: boolean;
  /** Milliseconds for which the server keeps an idle connection; infinite where it does not say. */
  readonly keepAlive: number;
  /** Where the body begins in the bytes that were read. */
  readonly end: number;
}

/** What makes the bytes no answer that every HTTP client reads alike. A text for the log. */
export class BadAnswer extends Error {
  override readonly name = 'BadAnswer';
}

const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n/;
/** Nearly every answer begins with it: a comparison costs a third of the expression. */
const USUAL_LINE = 'HTTP/1.1 200 OK\r\n';
const USUAL = STATUS_LINE.exec(USUAL_LINE);
/** The beginning of a status line, in any version. */
const BEGINNING = /^(?:H|HT|HTT|HTTP|HTTP\/(?:1(?:\.(?:[01](?: (?:\d{1,3}(?: [\t\x20-\x7e\x80-\xff]*)?\r?)?)?)?)?)?)?$/;

/**
 * Reads the head of an answer, without any leniency (RFC 9112 sections 4 and 5). What two clients could read in two ways is
 * refused: two lengths, a length beside a transfer coding, a coding other than `chunked` (response smuggling).
 *
 * @param method of the request: an answer to HEAD has no body
 * @returns null if more bytes are needed
 * @throws BadAnswer
 */
export function readAnswerHead(bytes: Buffer, from: number, to: number, method: string): AnswerHead | null {
  const text = bytes.toString('latin1', from, Math.min(to, from + maxHeaderSize - 1));
  const line = text.startsWith(USUAL_LINE) ? USUAL : STATUS_LINE.exec(text);
  if (line === null) {
    if (!BEGINNING.test(text)) throw new BadAnswer('no HTTP/1 status line');
    return moreOf(text);
  }
  const fields: string[] = [];
  const noted: number[] = [];
  const end = readFieldLines(bytes, from, text, line[0].length, fields, noted);
  if (end === INCOMPLETE) return moreOf(text);
  if (end < 0) throw new BadAnswer('a field line is malformed');
  const status = Number(line[2]);
  const isNewest = line[1] === '1';
  const { length, isChunked, connection, keepAlive } = framingFields(fields, noted);
  if (isChunked && !isNewest) throw new BadAnswer('HTTP/1.0 has no Transfer-Encoding');
  if (isChunked && TAB_BEHIND_CODING.test(text.slice(0, end)))
    throw new BadAnswer('a tab behind Transfer-Encoding: chunked');
  const framing = framingOf(method, status, length, isChunked);
  // A server that gives a length to an answer without a body may send one, which must not be read as the next answer.
  const mayHaveBody = (status === 204 || status === 304) && (isChunked || (length ?? 0) > 0);
  const isPersistent = isNewest && framing.kind !== 'close' && !mayHaveBody && !CLOSE.test(connection);
  if (status < 200 && !isPersistent) throw new BadAnswer('an interim answer is the last one on its connection');
  return { status, reason: line[3] ?? '', fields, framing, isPersistent, keepAlive, end: from + end };
}

/** @returns null: more bytes are needed */
function moreOf(text: string): null {
  if (text.length < maxHeaderSize - 1) return null;
  throw new BadAnswer(`the head of the answer is longer than ${maxHeaderSize} bytes`);
}

/** Node's parser and undici's take the value as another coding, and read to the end of the connection. */
const TAB_BEHIND_CODING = /:[ \t]*chunked *\t/i;
const CLOSE = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i;
const NONE: BodyFraming = { kind: 'none' };
const CHUNKED: BodyFraming = { kind: 'chunked' };
const TO_THE_END: BodyFraming = { kind: 'close' };

/** RFC 9112 section 6.3. */
function framingOf(method: string, status: number, length: number | null, isChunked: boolean): BodyFraming {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return NONE;
  if (isChunked) return CHUNKED;
  return length === null ? TO_THE_END : { kind: 'length', length };
}

interface FramingFields {
  readonly length: number | null;
  readonly isChunked: boolean;
  readonly connection: string;
  readonly keepAlive: number;
}

/** Exact as a JavaScript number. Zeros in front are removed before the value is passed on. */
const LENGTH = /^\d{1,15}$/;
/** The parameter of `Keep-Alive`, in seconds. */
const TIMEOUT = /(?:^|[,;])[ \t]*timeout[ \t]*=[ \t]*(\d{1,9})/i;

function framingFields(fields: RawFields, noted: readonly number[]): FramingFields {
  let length: number | null = null;
  let isChunked = false;
  let connection = '';
  let keepAlive = Number.POSITIVE_INFINITY;
  for (const at of noted) {
    const value = valueAt(fields, at);
    switch (nameAt(fields, at).toLowerCase()) {
      case 'content-length':
        if (length !== null || !LENGTH.test(value)) throw new BadAnswer('Content-Length is repeated or no number');
        length = Number(value);
        break;
      case 'transfer-encoding':
        if (isChunked || value.toLowerCase() !== 'chunked') throw new BadAnswer('Transfer-Encoding other than chunked');
        isChunked = true;
        break;
      case 'connection':
      // An old name of `Connection` to Node's parser.
      case 'proxy-connection':
        connection += `${value},`;
        break;
      case 'keep-alive': {
        const seconds = TIMEOUT.exec(value)?.[1];
        if (seconds !== undefined) keepAlive = Number(seconds) * 1_000;
        break;
      }
    }
  }
  if (isChunked && length !== null) throw new BadAnswer('both Transfer-Encoding and Content-Length');
  return { length, isChunked, connection, keepAlive };
}

/**
 * Bytes behind an answer are the answer to no request, or show that the server frames the answer in another way (response
 * smuggling): which of the two cannot be known.
 *
 * @param end of the answer in the bytes that were read. @param length of these bytes
 * @throws BadAnswer
 */
export function requireNothingBehind(end: number, length: number): void {
  if (end < length) throw new BadAnswer('bytes behind the end of the answer');
}
