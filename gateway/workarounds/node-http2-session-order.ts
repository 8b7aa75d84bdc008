import { subscribe } from 'node:diagnostics_channel';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';

/** The object of Node's own code behind a stream or a session, by a symbol that it does not export. */
function handleOf(of: ClientHttp2Session | ClientHttp2Stream): object | undefined {
  const symbol = Object.getOwnPropertySymbols(of).find(({ description }) => description === 'kHandle');
  const handle: unknown = symbol === undefined ? undefined : Reflect.get(of, symbol);
  return typeof handle === 'object' && handle !== null ? handle : undefined;
}

/** Holds the session of each stream until the stream is freed. */
const sessions = new FinalizationRegistry<object>(() => {});

/**
 * Has Node free each HTTP/2 session after its streams.
 *
 * Node (26.10) aborts the process by a failed assertion (`current_nghttp2_memory_`) when it frees a session before a stream that still
 * has fields of a head without end: any server could cause that by frames of CONTINUATION (as CVE-2024-27983 did for servers). Both become
 * garbage at once, and which is freed first is left to chance.
 */
export function freeSessionsLast(): void {
  subscribe('http2.client.stream.start', (message) => {
    const { stream } = message as { stream: ClientHttp2Stream };
    const of = handleOf(stream);
    const session = stream.session === undefined ? undefined : handleOf(stream.session as ClientHttp2Session);
    if (of !== undefined && session !== undefined) sessions.register(of, session);
  });
}
