import { COLON, CR, FIELD_VALUE, LF, SP, TAB, TOKEN } from './octets.ts';

/** The bytes end within field lines that follow the grammar so far. */
export const INCOMPLETE = -1;
/** The bytes are no field lines. */
export const MALFORMED = -2;

/** The fields that frame a message, or say how its connection is used. */
const CONNECTION_FIELDS = [
  ...['te', 'expect', 'upgrade', 'trailer', 'connection', 'keep-alive', 'proxy-connection'],
  ...['content-length', 'transfer-encoding'],
];

/** 1 for each length and first letter that these names have: that is cheap to look up, and rules out most fields. */
const CANDIDATES = new Uint8Array(32 << 8);
for (const name of CONNECTION_FIELDS) CANDIDATES[candidate(name.length, name.charCodeAt(0))] = 1;

function candidate(length: number, first: number): number {
  return (length << 8) | (first | 0x20);
}

/**
 * Reads field lines and the blank line behind them, by the grammar of RFC 9112 section 5 without any leniency: no space before
 * a colon, no obs-fold, no bare CR or LF, no controls.
 *
 * @param text the octets from `base` on, as Latin-1, as far as they may be read
 * @param from where the first line begins in `text`
 * @param fields takes names and values, without the whitespace around them
 * @param noted takes where in `fields` the names of `CONNECTION_FIELDS` may be
 * @returns where the bytes behind the blank line begin in `text`; `INCOMPLETE` or `MALFORMED`
 */
export function readFieldLines(
  bytes: Buffer,
  base: number,
  text: string,
  from: number,
  fields: string[],
  noted: number[],
): number {
  const end = text.length;
  let at = from;
  while (at < end && bytes[base + at] !== CR) {
    at = readFieldLine(bytes, base, text, at, fields, noted);
    if (at < 0) return at;
  }
  if (at + 1 >= end) return INCOMPLETE;
  return bytes[base + at + 1] === LF ? at + 2 : MALFORMED;
}

/** @returns where the next line begins in `text`; `INCOMPLETE` or `MALFORMED` */
function readFieldLine(
  bytes: Buffer,
  base: number,
  text: string,
  at: number,
  fields: string[],
  noted: number[],
): number {
  const end = base + text.length;
  const begin = base + at;
  let colon = begin;
  while (colon < end && TOKEN[bytes[colon] as number] === 1) colon += 1;
  if (colon === end) return INCOMPLETE;
  if (colon === begin || bytes[colon] !== COLON) return MALFORMED;
  let start = colon + 1;
  while (start < end && (bytes[start] === SP || bytes[start] === TAB)) start += 1;
  let after = start;
  while (after < end && FIELD_VALUE[bytes[after] as number] === 1) after += 1;
  if (after === end) return INCOMPLETE;
  if (bytes[after] !== CR) return MALFORMED;
  if (after + 1 === end) return INCOMPLETE;
  if (bytes[after + 1] !== LF) return MALFORMED;
  let last = after;
  while (last > start && (bytes[last - 1] === SP || bytes[last - 1] === TAB)) last -= 1;
  if (CANDIDATES[candidate(colon - begin, bytes[begin] as number)] === 1) noted.push(fields.length);
  fields.push(text.slice(at, colon - base), text.slice(start - base, last - base));
  return after + 2 - base;
}
