import { nameAt, type RawFields, valueAt } from '../../fields/raw-fields.ts';
import { KEEP_ALIVE } from './plain-connection.ts';

/** As Node's HTTP server says it. */
const KEPT = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE / 1_000}\r\n`;

/**
 * The head of an answer as it is written to a client's connection, in Latin-1: the fields as they are, `Date` where there is
 * none, and those of the connection.
 */
export function answerText(
  status: number,
  reason: string,
  fields: RawFields,
  { isChunked, closes }: { readonly isChunked: boolean; readonly closes: boolean },
): string {
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  let hasDate = false;
  for (let at = 0; at < fields.length; at += 2) {
    const name = nameAt(fields, at);
    hasDate ||= name.length === 4 && name.toLowerCase() === 'date';
    text += `${name}: ${valueAt(fields, at)}\r\n`;
  }
  if (!hasDate) text += dateLine();
  text += closes ? 'Connection: close\r\n' : KEPT;
  return isChunked ? `${text}Transfer-Encoding: chunked\r\n\r\n` : `${text}\r\n`;
}

let second = 0;
let line = '';

/** The field `Date`, made once a second. */
function dateLine(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    line = `Date: ${new Date(now * 1000).toUTCString()}\r\n`;
  }
  return line;
}
