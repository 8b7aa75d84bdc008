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

/**
 * The trailer fields of an answer that may be passed on.
 *
 * @param raw the upstream's, flat; bytes are read as Latin-1, which loses none
 */
export function trailerFields(raw: readonly (Buffer | string)[]): [string, string][] {
  const fields: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as Buffer | string).toString('latin1');
    if (NOT_IN_TRAILERS.has(name.toLowerCase())) continue;
    fields.push([name, (raw[i + 1] as Buffer | string).toString('latin1')]);
  }
  return fields;
}
