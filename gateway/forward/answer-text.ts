/**
 * The reason phrase with the bytes that the upstream sent. Undici decodes it as UTF-8 and Node writes it as Latin-1, so
 * the bytes are restored; those that were not UTF-8 are lost to undici, and become `?`.
 */
export function reasonPhrase(decoded: string): string {
  if (PRINTABLE.test(decoded)) return decoded;
  const bytes = Buffer.from(decoded.replaceAll('\ufffd', '?'), 'utf8').toString('latin1');
  return bytes.replace(UNSENDABLE, '?');
}

/** A reason phrase that was read as Latin-1, with all that can be sent. */
export function latin1Phrase(read: string): string {
  return read.replace(UNSENDABLE, '?');
}

const PRINTABLE = /^[\t\x20-\x7e]*$/;
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/g;

/** What frames or routes a message, and would do so late, for a client that merges trailers (RFC 9110 section 6.5.1). */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'host', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['content-encoding', 'content-range', 'content-type', 'set-cookie', 'www-authenticate'],
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
