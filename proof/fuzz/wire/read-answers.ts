import { type Body, bodyAt, type Fields, type Framing, fieldsAt, framingOf, lineAt, STRICT } from './message-lines.ts';

/** An answer as a strict client reads it. */
export interface ReadAnswer extends Body {
  readonly status: number;
  readonly fields: Fields;
  /** All of its bytes that have arrived. */
  readonly text: string;
}

export interface ReadAnswers {
  /** In order, interim answers too. */
  readonly answers: readonly ReadAnswer[];
  /** What follows the last of them, if it is no answer: a part of one, or what comes after 101. */
  readonly rest: string;
  /** Why the rest cannot be read; null: it can, as far as it has arrived. */
  readonly fault: string | null;
}

const LINE = /^HTTP\/1\.1 ([1-5]\d\d) [\t\x20-\x7e\x80-\xff]*$/;

/** @param bytes as Latin-1. @param isToHead whether the answer with these fields is to a HEAD request */
export function readAnswers(bytes: string, isToHead: (fields: Fields) => boolean): ReadAnswers {
  const answers: ReadAnswer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const read = answerAt(bytes, at, isToHead);
    if (read === null || typeof read === 'string') return { answers, rest: bytes.slice(at), fault: read };
    answers.push(read);
    at = read.next;
    if (read.fault !== null) return { answers, rest: '', fault: read.fault };
    if (read.status === 101) return { answers, rest: bytes.slice(at), fault: null };
  }
  return { answers, rest: '', fault: null };
}

function answerAt(bytes: string, at: number, isToHead: (fields: Fields) => boolean): ReadAnswer | string | null {
  const line = lineAt(bytes, at, STRICT);
  if (line === null || typeof line === 'string') return line;
  const [, status] = LINE.exec(line.text) ?? [];
  if (status === undefined) return `a malformed status line: ${JSON.stringify(line.text)}`;
  const block = fieldsAt(bytes, line.next, STRICT);
  if (block === null || typeof block === 'string') return block;
  const framing = framingOfAnswer(Number(status), block.fields, isToHead(block.fields));
  if (typeof framing === 'string') return framing;
  const body = bodyAt(bytes, block.next, framing, STRICT);
  return { status: Number(status), fields: block.fields, text: bytes.slice(at, body.next), ...body };
}

function framingOfAnswer(status: number, fields: Fields, isToHead: boolean): Framing | string {
  const framing = framingOf(fields, STRICT) ?? { kind: 'open' };
  if (typeof framing === 'string') return framing;
  return status < 200 || status === 204 || status === 304 || isToHead ? { kind: 'none' } : framing;
}
