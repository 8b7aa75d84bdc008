import { type Body, bodyAt, type Fields, fieldsAt, framingOf, type Leniency, lineAt } from './message-lines.ts';

/** A request as a server reads it. */
export interface ReadRequest extends Body {
  readonly method: string;
  readonly target: string;
  readonly fields: Fields;
  /** Where it begins. */
  readonly at: number;
  /** Where its body begins. */
  readonly bodyAt: number;
}

export interface ReadRequests {
  /** In order; the last one may be incomplete. */
  readonly requests: readonly ReadRequest[];
  /** What follows them: nothing, a head that has not arrived in full, or what cannot be read, and why. */
  readonly rest: 'nothing' | 'partial' | { readonly fault: string };
}

const LINE = /^([!#$%&'*+.^_`|~\w-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.\d$/;
const ODD_LINE = /^\s*(\S+)\s+(\S+).*$/s;

/**
 * Reads the requests on a connection, all with the same leniency, until the connection is no longer HTTP/1 or cannot be read.
 *
 * @param bytes as Latin-1
 */
export function readRequests(bytes: string, leniency: Leniency): ReadRequests {
  const requests: ReadRequest[] = [];
  for (let at = 0; ; ) {
    while (bytes.startsWith('\r\n', at)) at += 2;
    if (at === bytes.length) return { requests, rest: 'nothing' };
    const read = requestAt(bytes, at, leniency);
    if (read === null) return { requests, rest: 'partial' };
    if (typeof read === 'string') return { requests, rest: { fault: read } };
    requests.push(read);
    if (!read.isComplete) return { requests, rest: read.fault === null ? 'nothing' : { fault: read.fault } };
    at = read.next;
  }
}

function requestAt(bytes: string, at: number, leniency: Leniency): ReadRequest | string | null {
  const line = lineAt(bytes, at, leniency);
  if (line === null || typeof line === 'string') return line;
  const [, method, target] = (leniency.takesOddFields ? ODD_LINE : LINE).exec(line.text) ?? [];
  if (method === undefined || target === undefined) return `a malformed request line: ${JSON.stringify(line.text)}`;
  const block = fieldsAt(bytes, line.next, leniency);
  if (block === null || typeof block === 'string') return block;
  const framing = framingOf(block.fields, leniency) ?? { kind: 'none' };
  if (typeof framing === 'string') return framing;
  const body = bodyAt(bytes, block.next, framing, leniency);
  return { method, target, fields: block.fields, at, bodyAt: block.next, ...body };
}
