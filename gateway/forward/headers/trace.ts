import { randomHex } from '../../http/random-hex.ts';

/** W3C Trace Context, section 3.2: version, trace id and parent id that are not all zero, flags; more after version 00. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:(?<!^00.*)-.*)?$/;

export function isTraceparent(value: string): boolean {
  return TRACEPARENT.test(value);
}

/** The form of the gateway's own request ids. An id of zeros alone is invalid. */
const TRACE_ID = /^(?!0{32})[\da-f]{32}$/;

/**
 * Begins a new trace, with the flag `sampled` set: other systems may record it.
 *
 * @param requestId becomes the trace id where its form allows
 */
export function newTraceparent(requestId: string): string {
  const traceId = TRACE_ID.test(requestId) ? requestId : randomHex(32);
  return `00-${traceId}-${randomHex(16)}-01`;
}
