import type { IncomingHttpHeaders } from 'node:http';

type Fields = readonly (Buffer | string)[];

/**
 * The fields of a request for HTTP/2, flat, with names in lower case (RFC 9113 section 8.2).
 *
 * Undici joins repeated fields by name, case-sensitively. With two spellings of one name, which any client can send, Node
 * would refuse the request, and undici would close the connection that all clients share (denial of service).
 */
export function http2Fields(flat: readonly string[]): string[] {
  return flat.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
}

/** The fields of an answer as a flat list of names and values, which HTTP/1 gives as they are, and HTTP/2 as an object. */
export function flatFields(fields: Fields | IncomingHttpHeaders): Fields {
  if (Array.isArray(fields)) return fields;
  return Object.entries(fields as IncomingHttpHeaders).flatMap(([name, value = []]) =>
    name.startsWith(':') ? [] : [value].flat().flatMap((one) => [name, one]),
  );
}
