import { randomHex } from '../random-hex.ts';

/** W3C Trace Context, section 3.2: version, trace id and parent id that are not all zero, flags; more after version 00. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:(?<!^00.*)-.*)?$/;

export function isTraceparent(value: string): boolean {
  return TRACEPARENT.test(value);
}

/** A new trace, not sampled by us to the exclusion of others: the flag says that it may be recorded. */
export function newTraceparent(): string {
  return `00-${randomHex(32)}-${randomHex(16)}-01`;
}
