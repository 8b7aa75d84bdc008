import type { GatewayError } from './errors.ts';

/** The place of a request in a trace (W3C Trace Context). */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** The span of the sender, 16 hexadecimal digits; null: the trace begins here. */
  readonly parentId: string | null;
  /** What is recorded; null: the request is not sampled. */
  readonly recording: Recording | null;
}

/** What becomes the spans of a request when it has ended. */
export interface Recording {
  /** Of the gateway's own span, 16 hexadecimal digits. */
  readonly spanId: string;
  /** In their order. */
  readonly attempts: TracedAttempt[];
}

/** One attempt to send the request to an upstream. */
export interface TracedAttempt {
  readonly spanId: string;
  /** The origin of the upstream. */
  readonly upstream: string;
  /** Milliseconds, as of `turnTime`. */
  readonly startedAt: number;
  /** Set where another attempt followed. */
  failed: { readonly error: GatewayError; readonly at: number } | null;
}

/**
 * Gives a request its place in a trace, when it arrives.
 *
 * @param request its id, which becomes the id of a new trace where its form allows
 * @param traceparent of the request
 * @param isTrusted whether the request comes from a trusted proxy, whose sampling decision counts
 */
export type BeginTrace = (
  request: { readonly id: string; readonly hasMadeId: boolean },
  traceparent: string | undefined,
  isTrusted: boolean,
) => Trace;
