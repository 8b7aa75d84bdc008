import type { IncomingHttpHeaders } from 'node:http';

type Fields = readonly (Buffer | string)[];

/**
 * The fields of a request, flat, as HTTP/2 has them: with names in lower case (RFC 9113 section 8.2).
 *
 * Undici joins repeated fields by their names as they are written. Two spellings of one name, which any client can send,
 * would make Node refuse the request, and undici end the connection that all clients share.
 */
export function http2Fields(flat: readonly string[]): string[] {
  return flat.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
}

/** The fields of an answer as a flat list of names and values: HTTP/1 gives them so, HTTP/2 as an object. */
export function flatFields(fields: Fields | IncomingHttpHeaders): Fields {
  if (Array.isArray(fields)) return fields;
  return Object.entries(fields as IncomingHttpHeaders).flatMap(([name, value = []]) =>
    name.startsWith(':') ? [] : [value].flat().flatMap((one) => [name, one]),
  );
}
