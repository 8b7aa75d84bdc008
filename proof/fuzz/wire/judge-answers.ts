import type { LogLine } from '../../../test/lab/gateways/gateway.ts';
import { firstOf } from '../finding.ts';
import type { Sent } from './judge-requests.ts';
import { marksIn, serialsIn } from './marks.ts';
import { type Fields, valuesOf } from './message-lines.ts';
import type { Received } from './raw-clients.ts';
import { type Arrived, markOf } from './raw-upstream.ts';
import { type ReadAnswer, type ReadAnswers, readAnswers } from './read-answers.ts';

/** What the answers to a client are compared with. */
export interface Known {
  readonly arrived: ReadonlyMap<number, Arrived>;
  /** The access log, by the ids of requests. */
  readonly logged: ReadonlyMap<string, LogLine>;
}

/** The answers to one client are well-formed, in the order of its requests, one for each, and nothing in them is another's. */
export function judgeAnswers({ bytes, isHung }: Received, sender: Sent, known: Known): string | null {
  const read = answersIn(bytes, known);
  const finals = read.answers.filter(({ status }) => status >= 200 || status === 101);
  return firstOf(
    isHung ? `the connection hangs; received ${JSON.stringify(bytes.slice(0, 1_000))}` : null,
    read.fault === null ? null : `a malformed answer: ${read.fault} in ${JSON.stringify(bytes.slice(0, 2_000))}`,
    judgeMarks(bytes, sender),
    ...finals.map((answer) => judgeAnswer(answer, sender, known)),
    judgeOrder(finals, known),
    judgeCount(finals.length, sender),
  );
}

/** One answer for each request, and one more for what follows and cannot be read. */
function judgeCount(answers: number, { requests, hasRest }: Sent): string | null {
  return answers <= requests.length + (hasRest ? 1 : 0) ? null : `${answers} answers to ${requests.length} requests`;
}

export function answersIn(bytes: string, known: Known): ReadAnswers {
  return readAnswers(bytes, (fields) => methodOf(fields, known) === 'HEAD');
}

function methodOf(fields: Fields, { arrived, logged }: Known): string | undefined {
  const request = arrived.get(serialOf(fields) ?? -1);
  return request?.method ?? methodLogged(fields, logged);
}

function methodLogged(fields: Fields, logged: Known['logged']): string | undefined {
  const [id] = valuesOf(fields, 'x-request-id');
  const line = id === undefined ? undefined : logged.get(id);
  return line === undefined ? undefined : String(line.method);
}

function serialOf(fields: Fields): number | undefined {
  return serialsIn(valuesOf(fields, 'x-serial').join())[0];
}

function judgeMarks(bytes: string, { client, run }: Sent): string | null {
  const stray = marksIn(bytes).find((mark) => mark.client !== client || mark.run !== run);
  if (stray === undefined) return null;
  return `client ${client} of run ${run} got bytes of ${JSON.stringify(stray)}: ${JSON.stringify(bytes.slice(0, 2_000))}`;
}

/** All of an answer is of one request of this client. */
function judgeAnswer({ text }: ReadAnswer, { client }: Sent, { arrived }: Known): string | null {
  const [serial, ...others] = serialsIn(text);
  if (serial === undefined) return null;
  if (others.some((other) => other !== serial))
    return `bytes of two answers in one: ${JSON.stringify(text.slice(0, 1_000))}`;
  const request = arrived.get(serial);
  if (request === undefined) return `an answer to an earlier run: ${JSON.stringify(text.slice(0, 1_000))}`;
  const mark = markOf(request);
  if (mark === null) return null;
  const stray = marksIn(text).some((other) => other.request !== mark.request);
  return mark.client !== client || stray
    ? `an answer to another request: ${JSON.stringify(text.slice(0, 1_000))}`
    : null;
}

/** Serials rise; the places of the requests on the connection never fall, those of the gateway's own answers too. */
function judgeOrder(answers: readonly ReadAnswer[], { arrived, logged }: Known): string | null {
  let lastSerial = -1;
  let lastPlace = -1;
  for (const { fields, text } of answers) {
    const serial = serialOf(fields);
    const [id] = valuesOf(fields, 'x-request-id');
    const path = (serial === undefined ? undefined : arrived.get(serial)?.target) ?? logged.get(id ?? '')?.path;
    const place = marksIn(String(path ?? ''))[0]?.request ?? lastPlace;
    if (place < lastPlace) return `an answer out of order: ${JSON.stringify(text.slice(0, 1_000))}`;
    if (serial !== undefined && serial <= lastSerial) return `an answer twice: ${JSON.stringify(text.slice(0, 1_000))}`;
    lastPlace = place;
    lastSerial = serial ?? lastSerial;
  }
  return null;
}
