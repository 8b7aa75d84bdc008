import { maxHeaderSize } from 'node:http';
import { type PlainHead, readPlainHead } from '../../gateway/http/plain-head.ts';
import { Random } from '../random.ts';
import { type Finding, firstOf, unequal } from './finding.ts';
import { METHOD_NUMBERS, NodeParser } from './node-parser.ts';

const node = new NodeParser('requests');
/** Bodies up to this size are made up where they are missing. */
const MOST_BODY = 65_536;

/**
 * Compares what `readPlainHead` reads with what Node's parser reads, message by message, as long as messages are plain.
 *
 * @param seed chooses where the bytes are cut
 */
export function compareRequests(bytes: Buffer, seed: number): Finding {
  const first = readPlainHead(bytes, 0);
  const cutDifference = differenceByCuts(bytes, first, new Random(seed));
  if (cutDifference !== null) return { kind: kindOf(bytes, first), difference: cutDifference };
  if (first === 'partial') return { kind: 'partial', difference: differenceOfPartial(bytes) };
  return { kind: kindOf(bytes, first), difference: first === 'other' ? null : differenceOfPlain(bytes, first) };
}

function kindOf(bytes: Buffer, read: ReturnType<typeof readPlainHead>): string {
  if (read !== 'other') return read === 'partial' ? read : 'plain';
  node.start();
  node.read(bytes);
  if (node.error !== null && node.messages.length === 0) return 'other: Node refuses it';
  return node.messages.length === 0 ? 'other: Node needs more' : 'other: Node reads it';
}

function differenceOfPlain(bytes: Buffer, first: PlainHead): string | null {
  node.start();
  let head = first;
  let at = 0;
  for (let count = 1; ; count += 1) {
    // A head is complete with its last byte, not before.
    node.read(bytes.subarray(at, head.end - 1));
    const early = node.messages.length === count ? 'Node reads a shorter head' : null;
    node.read(bytes.subarray(head.end - 1, head.end));
    const message = node.messages[count - 1];
    if (early !== null || node.error !== null || message === undefined) {
      return early ?? `Node: ${errorOf(node.error)}`;
    }
    const present = bytes.subarray(head.end, head.end + head.length);
    const missing = head.length - present.length;
    if (head.length > 0) {
      if (message.isComplete) return 'Node reads no body';
      if (missing === 0) {
        node.read(present.subarray(0, -1));
        if (message.isComplete) return 'Node reads a shorter body';
        node.read(present.subarray(-1));
      } else {
        node.read(present);
        if (message.isComplete) return 'Node reads a shorter body';
        if (missing <= MOST_BODY) node.read(Buffer.alloc(missing));
      }
    }
    const isWhole = missing <= MOST_BODY;
    const difference = firstOf(
      unequal('method', METHOD_NUMBERS.get(head.method), message.method),
      unequal('url', head.url, message.url),
      unequal('version', '1.1', message.version),
      unequal('fields', head.fields, message.fields),
      unequal('upgrade', false, message.isUpgrade),
      unequal('goes on', !head.closes, message.isPersistent),
      unequal('body', present.toString('latin1'), message.body.slice(0, present.length)),
      unequal('complete', isWhole, message.isComplete),
      unequal('count', count, node.messages.length),
      node.error === null ? null : errorOf(node.error),
    );
    at = head.end + head.length;
    if (difference !== null || head.closes || missing > 0 || at >= bytes.length) return difference;
    const next = readPlainHead(bytes, at);
    const alone = readPlainHead(bytes.subarray(at), 0);
    if (typeof next === 'string' || typeof alone === 'string') return unequal('pipelined', next, alone);
    if (next.end !== alone.end + at) return 'a pipelined request depends on what is in front of it';
    head = next;
  }
}

/** What has been read must not depend on where the bytes were cut. */
function differenceByCuts(bytes: Buffer, whole: PlainHead | 'partial' | 'other', random: Random): string | null {
  const end = typeof whole === 'string' ? bytes.length : whole.end;
  const isEach = bytes.length < 64 || random.once(64);
  const cuts = isEach
    ? bytes.keys()
    : [...[end - 1, end - 2, end - 3, end].filter((cut) => cut <= bytes.length), random.below(bytes.length)];
  for (const cut of cuts) {
    const difference = differenceAt(cut, readPlainHead(bytes.subarray(0, cut), 0), whole);
    if (difference !== null) return difference;
  }
  return null;
}

function differenceAt(cut: number, read: ReturnType<typeof readPlainHead>, whole: typeof read): string | null {
  if (typeof read === 'object') return unequal(`cut at ${cut}`, read, whole);
  if (read === 'other') return whole === 'other' ? null : `'other' if cut at ${cut}, ${kindWord(whole)} as a whole`;
  return typeof whole === 'object' && cut >= whole.end ? `'partial' although whole, if cut at ${cut}` : null;
}

function kindWord(read: PlainHead | 'partial' | 'other'): string {
  return typeof read === 'string' ? `'${read}'` : 'plain';
}

const METHODS = [...METHOD_NUMBERS.keys()];
const REQUEST_LINES = METHODS.map((method) => `${method} / HTTP/1.1\r\n\r\n`);
const BEGINNINGS: readonly string[] = [
  ...new Set(REQUEST_LINES.flatMap((line) => [...line].map((_, at) => line.slice(at)))),
];
const IN_FIELDS: readonly string[] = [
  ...['\r\n', '\n', '\r\n\r\n', '\n\r\n', 'a:\r\n\r\n', ':\r\n\r\n', '0\r\n\r\n', 'close\r\n\r\n', 'trailers\r\n\r\n'],
  ...['close', 'keep-alive', 'trailers'].flatMap((word) => [...word].map((_, at) => `${word.slice(at)}\r\n\r\n`)),
];

/** A request is partial only as long as it can become plain: otherwise its refusal would wait for its end. */
function differenceOfPartial(bytes: Buffer): string | null {
  // A completion would be longer than a head may be.
  if (bytes.length > maxHeaderSize - 32) return null;
  if (canBecomePlain(bytes)) return null;
  // A field that rules a plain request out is noticed with the end of its line.
  const line = bytes.lastIndexOf('\r\n', bytes.length - (bytes.at(-1) === 0x0a ? 3 : 1), 'latin1');
  const isWithinField = line !== -1 && !bytes.subarray(-2).equals(CRLF) && canBecomePlain(bytes.subarray(0, line + 2));
  return isWithinField ? null : "'partial', but nothing completes it";
}

const CRLF = Buffer.from('\r\n');

function canBecomePlain(bytes: Buffer): boolean {
  const completions = bytes.includes('\n') ? IN_FIELDS : BEGINNINGS;
  return completions.some(
    (completion) => typeof readPlainHead(Buffer.concat([bytes, Buffer.from(completion)]), 0) === 'object',
  );
}

function errorOf(error: Error | null): string {
  return error === null ? 'the head is not complete' : error.message;
}
