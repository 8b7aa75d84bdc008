import { latin1, nameAt, type RawAnswerFields, valueAt } from '../../fields/raw-fields.ts';

/** Replaces the characters that a reason phrase must not contain by `?` (RFC 9112 section 4). @param read as Latin-1 */
export function reasonPhrase(read: string): string {
  return SENDABLE.test(read) ? read : read.replace(UNSENDABLE, '?');
}

const SENDABLE = /^[\t\x20-\x7e\x80-\xff]*$/;
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/g;

/** Fields that frame or route a message: a client may merge trailers into the head (RFC 9110 section 6.5.1). */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'host', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['content-encoding', 'content-range', 'content-type', 'set-cookie', 'www-authenticate'],
  ...['alt-svc', 'strict-transport-security', 'x-request-id', 'x-user-id'],
]);

/** The trailer fields of an answer that may be passed on. @param raw the upstream's */
export function trailerFields(raw: RawAnswerFields): [string, string][] {
  const fields: [string, string][] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = latin1(nameAt(raw, at));
    if (NOT_IN_TRAILERS.has(name.toLowerCase())) continue;
    fields.push([name, latin1(valueAt(raw, at))]);
  }
  return fields;
}
