/** What a reader accepts beside well-formed messages. Each has been seen in a server. */
export interface Leniency {
  /** A line also ends with LF, or with LF or CR. */
  readonly lines: 'CRLF' | 'LF' | 'CR';
  /** Whitespace between a name and its colon, folded lines, and control characters in values. */
  readonly takesOddFields: boolean;
  /** Names that only look like `Transfer-Encoding` and `Content-Length`, and values that only contain `chunked` or a number. */
  readonly takesOddFraming: boolean;
  /** Which of several lengths counts. */
  readonly length: 'first' | 'last';
}

export const STRICT: Leniency = { lines: 'CRLF', takesOddFields: false, takesOddFraming: false, length: 'first' };

export type Fields = readonly (readonly [name: string, value: string])[];

/** A line, and where the next one begins; a text: why it cannot be read; null: it has not arrived. */
export type Line = { readonly text: string; readonly next: number } | string | null;

const LINE_END = { CRLF: /\r\n/g, LF: /\r?\n/g, CR: /\r\n|\r|\n/g };

export function lineAt(bytes: string, from: number, { lines }: Leniency): Line {
  const end = LINE_END[lines];
  end.lastIndex = from;
  const found = end.exec(bytes);
  if (found === null) return null;
  const text = bytes.slice(from, found.index);
  if (lines === 'CRLF' && /[\r\n]/.test(text)) return 'a bare CR or LF';
  return { text, next: found.index + found[0].length };
}

/** Field lines up to an empty one, and where what follows begins. */
export type Block = { readonly fields: Fields; readonly next: number } | string | null;

const FIELD = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;
const ODD_FIELD = /^([^:]*?)[\s\0]*:\s*(.*?)\s*$/s;

export function fieldsAt(bytes: string, from: number, leniency: Leniency): Block {
  const fields: [string, string][] = [];
  for (let at = from; ; ) {
    const line = lineAt(bytes, at, leniency);
    if (line === null || typeof line === 'string') return line;
    at = line.next;
    if (line.text === '') return { fields, next: at };
    const last = fields.at(-1);
    if (leniency.takesOddFields && /^[ \t]/.test(line.text) && last !== undefined) {
      last[1] += ` ${line.text.trim()}`;
      continue;
    }
    const [, name, value] = (leniency.takesOddFields ? ODD_FIELD : FIELD).exec(line.text) ?? [];
    if (name !== undefined && value !== undefined) fields.push([name, value]);
    else if (!leniency.takesOddFields) return `a malformed field line: ${JSON.stringify(line.text)}`;
  }
}

/** The values of a field, by its name in lower case. */
export function valuesOf(fields: Fields, name: string): readonly string[] {
  return fields.filter(([own]) => own.toLowerCase() === name).map(([, value]) => value);
}

/** How a body ends. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** With the connection: an answer alone. */
  | { readonly kind: 'open' };

/** What the fields say about the body. @returns a text: why it cannot be read; null: nothing */
export function framingOf(fields: Fields, leniency: Leniency): Framing | string | null {
  const isLike = (name: string, pattern: RegExp) => pattern.test(name.toLowerCase().replace(/[^a-z]/g, ''));
  if (leniency.takesOddFraming) {
    const codings = fields.filter(([name]) => isLike(name, /^transferencoding$/));
    if (codings.some(([, value]) => /chunked/i.test(value))) return { kind: 'chunked' };
    const lengths = fields
      .filter(([name]) => isLike(name, /^contentlength$/))
      .flatMap(([, value]) => value.split(','))
      .map((value) => Number.parseInt(value.trim(), 10))
      .filter((length) => length >= 0);
    const length = lengths.at(leniency.length === 'first' ? 0 : -1);
    return length === undefined ? null : { kind: 'length', length };
  }
  const codings = valuesOf(fields, 'transfer-encoding');
  const lengths = valuesOf(fields, 'content-length');
  if (codings.length > 0 && lengths.length > 0) return 'Transfer-Encoding and Content-Length';
  if (codings.length > 1 || lengths.length > 1) return 'a repeated length or coding';
  const [coding] = codings;
  if (coding !== undefined) {
    return coding.toLowerCase() === 'chunked' ? { kind: 'chunked' } : `Transfer-Encoding: ${coding}`;
  }
  const [length] = lengths;
  if (length === undefined) return null;
  return /^\d{1,15}$/.test(length) ? { kind: 'length', length: Number(length) } : `Content-Length: ${length}`;
}

/** A body as far as it has arrived, and where the next message begins. */
export interface Body {
  readonly body: string;
  readonly trailers: Fields;
  readonly next: number;
  readonly isComplete: boolean;
  /** Why the rest of it cannot be read; null: it can, or has not arrived. */
  readonly fault: string | null;
}

export function bodyAt(bytes: string, from: number, framing: Framing, leniency: Leniency): Body {
  const rest = (to: number, isComplete: boolean): Body => ({
    body: bytes.slice(from, to),
    trailers: [],
    next: to,
    isComplete,
    fault: null,
  });
  switch (framing.kind) {
    case 'none':
      return rest(from, true);
    case 'open':
      return rest(bytes.length, false);
    case 'length': {
      const end = from + framing.length;
      return rest(Math.min(end, bytes.length), end <= bytes.length);
    }
    case 'chunked':
      return chunksAt(bytes, from, leniency);
  }
}

const SIZE = /^([\da-f]{1,13})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/i;
const ODD_SIZE = /^\s*(?:0x|\+)?([\da-f]{1,13})/i;

function chunksAt(bytes: string, from: number, leniency: Leniency): Body {
  let body = '';
  const cut = (fault: string | null): Body => ({ body, trailers: [], next: bytes.length, isComplete: false, fault });
  for (let at = from; ; ) {
    const line = lineAt(bytes, at, leniency);
    if (line === null || typeof line === 'string') return cut(line);
    const [, hex] = (leniency.takesOddFraming ? ODD_SIZE : SIZE).exec(line.text) ?? [];
    if (hex === undefined) return cut(`a malformed chunk size: ${JSON.stringify(line.text)}`);
    const size = Number.parseInt(hex, 16);
    if (size === 0) {
      const trailers = fieldsAt(bytes, line.next, leniency);
      if (trailers === null || typeof trailers === 'string') return cut(trailers);
      return { body, trailers: trailers.fields, next: trailers.next, isComplete: true, fault: null };
    }
    body += bytes.slice(line.next, line.next + size);
    at = line.next + size;
    if (at >= bytes.length) return cut(null);
    const end = lineAt(bytes, at, leniency);
    if (end === null && bytes.length - at < 2) return cut(null);
    if (end === null || typeof end === 'string' || end.text !== '') return cut('a chunk is longer than its size');
    at = end.next;
  }
}
