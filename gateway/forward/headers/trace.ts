import { randomHex } from '../../http/random-hex.ts';

/** W3C Trace Context, section 3.2: version, trace id and parent id that are not all zero, flags; more after version 00. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:(?<!^00.*)-.*)?$/;

export function isTraceparent(value: string): boolean {
  return TRACEPARENT.test(value);
}

/** Request ids that we make are of this form, and few others: those of zeros alone are none. */
const TRACE_ID = /^(?!0{32})[\da-f]{32}$/;

/**
 * A new trace, not sampled by us to the exclusion of others: the flag says that it may be recorded.
 *
 * @param requestId becomes the trace's id where it can, so that one leads to the other
 */
export function newTraceparent(requestId: string): string {
  const traceId = TRACE_ID.test(requestId) ? requestId : randomHex(32);
  return `00-${traceId}-${randomHex(16)}-01`;
}
