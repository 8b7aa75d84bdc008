import http2, { type ClientSessionOptions } from 'node:http2';

/** Most fields of an answer: more than any server sends. */
const MOST_FIELDS = 10_000;

/**
 * Raises the limit of 128 fields that Node sets for an answer over HTTP/2; undici (8.12) has no option for it.
 *
 * Node (20.20 to 26.10) refuses an answer with more, and then aborts the process by a failed assertion when it frees the
 * connection: any server could cause that by accident. Patches `http2.connect` for the whole process, where only undici
 * calls it.
 */
export function allowManyFields(): void {
  const { connect } = http2;
  Object.assign(http2, {
    connect: (authority: URL, options: ClientSessionOptions) =>
      connect(authority, { ...options, maxHeaderListPairs: MOST_FIELDS }),
  });
}
