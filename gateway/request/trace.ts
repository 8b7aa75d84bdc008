import type { GatewayError } from '../domain/errors.ts';
import type { BeginTrace, Trace } from '../domain/trace.ts';
import { turnTime } from '../domain/turn-time.ts';
import { newSpanId, newTraceId, readTraceparent, traceparentOf } from '../http/trace-context.ts';

/**
 * Decides which requests are sampled. A client must not have its requests recorded at will, neither by the flag nor by a trace id
 * that it chooses, so only a trusted proxy decides; for all others it is chance.
 *
 * @param sample from 0 to 1
 */
export function createBeginTrace(sample: number): BeginTrace {
  return ({ id, hasMadeId }, traceparent, isTrusted) => {
    const given = traceparent === undefined ? null : readTraceparent(traceparent);
    const isSampled = given !== null && isTrusted ? given.isSampled : Math.random() < sample;
    return {
      id: given?.traceId ?? newTraceId(id, hasMadeId),
      parentId: given?.parentId ?? null,
      recording: isSampled ? { spanId: newSpanId(), attempts: [] } : null,
    };
  };
}

/** An attempt to send the request begins. @returns the `traceparent` for the upstream */
export function beginAttempt({ id: traceId, parentId, recording }: Trace, upstream: string): string {
  if (recording === null) return traceparentOf({ traceId, parentId: parentId ?? newSpanId(), isSampled: false });
  const spanId = newSpanId();
  recording.attempts.push({ spanId, upstream, startedAt: turnTime(), failed: null });
  return traceparentOf({ traceId, parentId: spanId, isSampled: true });
}

/** The last attempt has failed, and another one follows. */
export function endAttempt({ recording }: Trace, error: GatewayError): void {
  const attempt = recording?.attempts.at(-1);
  if (attempt !== undefined) attempt.failed = { error, at: turnTime() };
}
