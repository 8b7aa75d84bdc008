import { subscribe } from 'node:diagnostics_channel';
import { type ClientHttp2Stream, constants } from 'node:http2';

/** What undici does not tell of a request over HTTP/2. */
export interface Http2Stream {
  /** Whether the upstream has said that its answer is at its end. */
  isWhole(): boolean;
  /** Tells the upstream that nobody goes on with it. */
  cancel(): void;
}

/**
 * Gives the stream that undici opens right after it has said that the request starts.
 *
 * Two things need it. Undici takes an answer that was cut by a reset with NO_ERROR or CANCEL, or by the end of a
 * connection that had announced it, for a whole one, so that what is truncated would look whole. And when it gives up a
 * request whose body is under way, it tells the upstream nothing, whose stream stays open for ever.
 *
 * @param requestId as the request has it
 */
export function expectStream(requestId: string, take: (stream: Http2Stream) => void): void {
  expected = { requestId, take };
}

let expected: { readonly requestId: string; readonly take: (stream: Http2Stream) => void } | null = null;

subscribe('http2.client.stream.created', (message) => {
  const { stream, headers } = message as { stream: ClientHttp2Stream; headers: Record<string, unknown> };
  if (expected === null || headers['x-request-id'] !== expected.requestId) return;
  const { take } = expected;
  expected = null;
  take(watched(stream));
});

/** Node ends what is read of a stream in the same way for both ends, but marks it as closed before, where it was cut. */
function watched(stream: ClientHttp2Stream): Http2Stream {
  let isWhole = false;
  const { push } = stream;
  stream.push = (chunk, encoding) => {
    if (chunk === null && !stream.closed) isWhole = true;
    return push.call(stream, chunk, encoding);
  };
  return {
    isWhole: () => isWhole,
    cancel() {
      if (stream.writableEnded) stream.close(constants.NGHTTP2_CANCEL);
      // With any code but that of an error, Node says nothing or says that the body was whole.
      else stream.destroy(new Error('given up'));
    },
  };
}
