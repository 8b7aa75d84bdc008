import { randomUUID } from 'node:crypto';

/** W3C Trace Context, section 3.2: version, trace id and parent id that are not all zero, flags; more after version 00. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:(?<!^00.*)-.*)?$/;

export function isTraceparent(value: string): boolean {
  return TRACEPARENT.test(value);
}

/** A new trace, not sampled by us to the exclusion of others: the flag says that it may be recorded. */
export function newTraceparent(): string {
  // UUIDs come from a pool of random bytes, ten times cheaper than asking for some; both ids are never all zero.
  const [traceId, parentId] = [randomUUID(), randomUUID()].map((id) => id.replaceAll('-', ''));
  return `00-${traceId}-${parentId?.slice(0, 16)}-01`;
}
