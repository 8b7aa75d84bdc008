import { subscribe } from 'node:diagnostics_channel';
import { type ClientHttp2Stream, constants } from 'node:http2';

/** A request's HTTP/2 stream, as far as undici hides it. */
export interface Http2Stream {
  /** Whether the upstream has sent END_STREAM. False while that is not known: the answer must then be taken as cut. */
  isWhole(): boolean;
  /** Resets the stream, so that the upstream frees it. */
  cancel(): void;
}

/**
 * Hands over the stream that undici (8.12) opens, synchronously, right after `onRequestStart`.
 *
 * Two reasons. Undici treats an answer cut by a reset with NO_ERROR or CANCEL, or by a connection that ends after GOAWAY,
 * as complete: a truncated answer would look whole. And when undici gives up a request while its body is being sent, it
 * sends no reset, and the upstream's stream stays open for ever.
 *
 * One slot is enough, since nothing runs between the call and the stream. Where `take` is never called, the caller must
 * treat the answer as cut.
 *
 * @param requestId the value of the request's `X-Request-Id`
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

/**
 * Node (20 to 26) ends the readable side with `push(null)` both after END_STREAM and after a cut, but has marked the stream
 * as closed before it only where it was cut.
 */
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
