import { randomHex } from './random-hex.ts';

/** W3C Trace Context, section 3.2: version, trace id and parent id that are not all zero, flags; more after version 00. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-((?!0{32})[\da-f]{32})-((?!0{16})[\da-f]{16})-([\da-f]{2})(?:(?<!^00.*)-.*)?$/;
/** The form of the gateway's own request ids. An id of zeros alone is invalid. */
const TRACE_ID = /^(?!0{32})[\da-f]{32}$/;
const SAMPLED = 1;

/** The value of a `traceparent` field. */
export interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** The span of the sender, 16 hexadecimal digits. */
  readonly parentId: string;
  readonly isSampled: boolean;
}

export function isTraceparent(value: string): boolean {
  return TRACEPARENT.test(value);
}

/** @returns null for a value that is malformed */
export function readTraceparent(value: string): TraceParent | null {
  const [, traceId, parentId, flags] = TRACEPARENT.exec(value) ?? [];
  if (traceId === undefined || parentId === undefined || flags === undefined) return null;
  return { traceId, parentId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

export function traceparentOf({ traceId, parentId, isSampled }: TraceParent): string {
  return `00-${traceId}-${parentId}-${isSampled ? '01' : '00'}`;
}

/**
 * The id of a trace that begins with a request.
 *
 * @param requestId becomes the trace id where its form allows
 * @param isMade whether the gateway has made the request id
 */
export function newTraceId(requestId: string, isMade: boolean): string {
  return isMade || TRACE_ID.test(requestId) ? requestId : randomHex(32);
}

export function newSpanId(): string {
  return randomHex(16);
}
