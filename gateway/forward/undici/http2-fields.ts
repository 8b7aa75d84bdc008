import type { IncomingHttpHeaders } from 'node:http';
import type { RawAnswerFields, RawFields } from '../../fields/raw-fields.ts';

/**
 * The fields of a request for HTTP/2, with names in lower case (RFC 9113 section 8.2).
 *
 * Undici joins repeated fields by name, case-sensitively. With two spellings of one name, which any client can send, Node
 * would refuse the request, and undici would close the connection that all clients share (denial of service).
 */
export function http2Fields(fields: RawFields): string[] {
  return fields.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
}

/** The fields of an answer as a list, as HTTP/1 gives them; HTTP/2 gives an object. */
export function flatFields(fields: RawAnswerFields | IncomingHttpHeaders): RawAnswerFields {
  if (Array.isArray(fields)) return fields;
  return Object.entries(fields as IncomingHttpHeaders).flatMap(([name, value = []]) =>
    name.startsWith(':') ? [] : [value].flat().flatMap((one) => [name, one]),
  );
}
