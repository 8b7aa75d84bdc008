import http2, { type ClientSessionOptions } from 'node:http2';

/** Fields that an answer may have: more than any server sends. */
const MOST_FIELDS = 10_000;

/**
 * Lets answers over HTTP/2 have more fields than the 128 that are Node's default and for which undici has no option.
 *
 * Node refuses an answer with more, and when it then frees the connection, ends the process by a failed assertion: any
 * server could do so by accident (seen with Node 20.20 and 26.10). Nobody but undici connects by HTTP/2 here.
 */
export function allowManyFields(): void {
  const { connect } = http2;
  Object.assign(http2, {
    connect: (authority: URL, options: ClientSessionOptions) =>
      connect(authority, { ...options, maxHeaderListPairs: MOST_FIELDS }),
  });
}
