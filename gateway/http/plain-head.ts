import { maxHeaderSize } from 'node:http';
import { nameAt, type RawFields, valueAt } from '../fields/raw-fields.ts';
import { INCOMPLETE, readFieldLines } from './field-lines.ts';
import { VISIBLE } from './octets.ts';

/** The head of a plain request: one that every HTTP/1.1 parser reads alike. */
export interface PlainHead {
  readonly method: string;
  /** In origin form. */
  readonly url: string;
  /** Names and values in turn, as `IncomingMessage.rawHeaders` has them. */
  readonly fields: RawFields;
  /** Bytes of the body. */
  readonly length: number;
  /** Whether the client wants no further answer on the connection. */
  readonly closes: boolean;
  /** Where the body begins in the bytes that were read. */
  readonly end: number;
}

/** The others are about the connection or the server as well, or are rare. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

const VERSION = ' HTTP/1.1\r\n';

/**
 * Reads the head of a request, if it is plain: HTTP/1.1, a common method, an origin-form target of visible ASCII, and field
 * lines without any leniency. A body has one `Content-Length` of canonical digits. Fields that change how the connection is
 * used are not plain: `Transfer-Encoding`, `Expect`, `Upgrade`, `Trailer`.
 *
 * Everything else is for Node's parser. The danger is a head that this function reads differently than Node's parser
 * (request smuggling); `npm run fuzz` compares the two.
 *
 * @param from where the request begins
 * @param to where the bytes that have arrived end
 * @returns 'partial': plain so far, and more bytes are needed; 'other': not plain
 */
export function readPlainHead(bytes: Buffer, from: number, to = bytes.length): PlainHead | 'partial' | 'other' {
  // Node answers 431 from that size on.
  const text = bytes.toString('latin1', from, Math.min(to, from + maxHeaderSize - 1));
  const space = text.indexOf(' ');
  if (space === -1) return isBeginningOfMethod(text) ? 'partial' : 'other';
  const method = text.slice(0, space);
  if (!METHODS.has(method)) return 'other';

  const target = space + 1;
  let at = target;
  while (VISIBLE[text.charCodeAt(at)] === 1) at += 1;
  const url = text.slice(target, at);
  if (!url.startsWith('/') && text.length > target) return 'other';
  if (!text.startsWith(VERSION, at)) return VERSION.startsWith(text.slice(at)) && isShort(text) ? 'partial' : 'other';

  const fields: string[] = [];
  const noted: number[] = [];
  const end = readFieldLines(bytes, from, text, at + VERSION.length, fields, noted);
  if (end < 0 && (end !== INCOMPLETE || !isShort(text))) return 'other';
  const framing = framingOf(fields, noted);
  if (framing === null) return 'other';
  if (end < 0) return 'partial';
  return { method, url, fields, length: framing.length, closes: framing.closes, end: from + end };
}

/** Whether the whole head may still be within Node's limit. */
function isShort(text: string): boolean {
  return text.length < maxHeaderSize - 1;
}

function isBeginningOfMethod(text: string): boolean {
  for (const method of METHODS) if (method.startsWith(text)) return true;
  return false;
}

interface Framing {
  readonly length: number;
  readonly closes: boolean;
}

/** Canonical, and exact as a JavaScript number. */
const LENGTH = /^(?:0|[1-9]\d{0,14})$/;

const NO_BODY: Framing = { length: 0, closes: false };

/** @returns null if the framing, or the use of the connection, is not plain */
function framingOf(fields: RawFields, noted: readonly number[]): Framing | null {
  let length: number | null = null;
  let connection: string | null = null;
  for (const at of noted) {
    const value = valueAt(fields, at);
    switch (nameAt(fields, at).toLowerCase()) {
      case 'te':
        if (value.toLowerCase() !== 'trailers') return null;
        break;
      case 'connection':
        if (connection !== null) return null;
        connection = value.toLowerCase();
        if (connection !== 'keep-alive' && connection !== 'close') return null;
        break;
      case 'content-length':
        if (length !== null || !LENGTH.test(value)) return null;
        length = Number(value);
        break;
      case 'expect':
      case 'upgrade':
      case 'trailer':
      case 'transfer-encoding':
      // An old name of `Connection` to Node's parser.
      case 'proxy-connection':
        return null;
    }
  }
  return length === null && connection === null ? NO_BODY : { length: length ?? 0, closes: connection === 'close' };
}
