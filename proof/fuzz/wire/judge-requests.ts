import { firstOf } from '../finding.ts';
import { marksIn } from './marks.ts';
import { type Fields, type Leniency, STRICT, valuesOf } from './message-lines.ts';
import type { Credential } from './place.ts';
import { type Arrived, markOf } from './raw-upstream.ts';
import { type ReadRequest, readRequests } from './read-requests.ts';

/** What one client has sent. */
export interface Sent {
  readonly client: number;
  readonly run: number;
  /** As a strict server reads it. */
  readonly requests: readonly ReadRequest[];
  /** Whether more follows, which no server can read. */
  readonly hasRest: boolean;
  readonly credentials: readonly Credential[];
}

/** Attempts at one request that may be repeated: the first, and the retries of the settings. */
const MOST_ATTEMPTS = 3;
const REPEATABLE: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'PUT',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'QUERY',
  'PROPFIND',
]);

/**
 * Each request upstream is one that a client has sent, in its order, with the identity that its credential proves, no part of it
 * of another client, and not more often than may be.
 *
 * @param arrived in the order of arrival
 */
export function judgeRequests(arrived: readonly Arrived[], senders: readonly Sent[]): string | null {
  const next = new Map<Sent, { at: number; attempts: number }>();
  for (const request of arrived) {
    const judged = firstOf(judgeIdentity(request), judgeMarks(request));
    if (judged !== null) return judged;
    const sender = senders.find((own) => takes(own, request, next));
    if (sender === undefined) return `upstream got what no client sent: ${shown(request)}`;
  }
  return null;
}

/** Takes the next request of the client that this can be, if there is one. */
function takes(sender: Sent, request: Arrived, next: Map<Sent, { at: number; attempts: number }>): boolean {
  const mark = markOf(request);
  if (mark !== null && mark.client !== sender.client) return false;
  const from = next.get(sender) ?? { at: 0, attempts: 0 };
  for (let at = from.at; at < sender.requests.length; at += 1) {
    const attempts = at === from.at ? from.attempts + 1 : 1;
    const sent = sender.requests[at];
    const mayRepeat = attempts === 1 || (attempts <= MOST_ATTEMPTS && REPEATABLE.has(request.method));
    if (sent === undefined || !mayRepeat || !isSame(sent, request, sender)) continue;
    next.set(sender, { at, attempts });
    return true;
  }
  return false;
}

function isSame(sent: ReadRequest, request: Arrived, { credentials }: Sent): boolean {
  const path = sent.target.replace(/^https?:\/\/[^/?#]*(?=[/?#]|$)/i, '');
  if (sent.method !== request.method || (path.startsWith('/') ? path : `/${path}`) !== request.target) return false;
  const isWhole = request.isComplete && request.body.length === sent.body.length;
  if (!sent.body.startsWith(request.body) || (request.isComplete && !isWhole)) return false;
  const ids = valuesOf(request.fields, 'x-user-id');
  if (request.target.startsWith('/open')) return ids.length === 0;
  const proofs = valuesOf(sent.fields, 'authorization');
  const proven = credentials.find(({ value }) => value === proofs[0]);
  return proofs.length === 1 && proven !== undefined && ids.length === 1 && ids[0] === proven.accountId;
}

/** Names by which servers may know the user, with all separators as one. */
const NAMES_OF_USERS = /^(?:http-)?(?:x-user|x-forwarded-user|x-remote-user|remote-user)/;

function judgeIdentity({ fields, trailers }: Arrived): string | null {
  const others = fields.filter(([name]) => isNameOfUser(name) && name.toLowerCase() !== 'x-user-id');
  const inTrailers = trailers.filter(([name]) => isNameOfUser(name));
  const [forged] = [...others, ...inTrailers];
  if (forged !== undefined) return `upstream got ${JSON.stringify(forged)} from a client`;
  if (valuesOf(fields, 'x-user-id').length > 1) return `two identities: ${JSON.stringify(fields)}`;
  return valuesOf(fields, 'authorization').length > 0 ? 'upstream got Authorization' : null;
}

function isNameOfUser(name: string): boolean {
  return NAMES_OF_USERS.test(name.toLowerCase().replace(/[^a-z0-9]+/g, '-'));
}

function judgeMarks(request: Arrived): string | null {
  const text = textOf(request.fields) + request.target + request.body + textOf(request.trailers) + request.tunnelled;
  const [first, ...others] = marksIn(request.target + text);
  const stray = others.find(({ client, run }) => client !== first?.client || run !== first.run);
  return stray === undefined ? null : `bytes of two clients in one request: ${shown(request)}`;
}

function textOf(fields: Fields): string {
  return fields.map((field) => field.join(': ')).join('\n');
}

function shown({ method, target, fields, body, isComplete }: Arrived): string {
  return JSON.stringify({ method, target, fields, body: body.slice(0, 300), isComplete });
}

const LENIENT: readonly Leniency[] = [
  { ...STRICT, lines: 'LF' },
  { ...STRICT, lines: 'CR', takesOddFields: true },
  { ...STRICT, takesOddFields: true },
  { ...STRICT, takesOddFields: true, takesOddFraming: true },
  { ...STRICT, takesOddFields: true, takesOddFraming: true, length: 'last' },
  { lines: 'CR', takesOddFields: true, takesOddFraming: true, length: 'last' },
];

/** A lenient server reads the same requests as a strict one in what the gateway has sent. */
export function judgeConnection(bytes: string): string | null {
  const places = (leniency: Leniency) => {
    const { requests } = readRequests(bytes, leniency);
    return requests.map(({ at, bodyAt, next }) => `${at}-${bodyAt}-${next}`).join(' ');
  };
  const strict = places(STRICT);
  const other = LENIENT.find((leniency) => places(leniency) !== strict);
  if (other === undefined) return null;
  return `a lenient server (${JSON.stringify(other)}) reads ${places(other)}, not ${strict}: ${JSON.stringify(bytes.slice(0, 2_000))}`;
}
