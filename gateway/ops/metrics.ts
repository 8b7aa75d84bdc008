import { Registry } from 'prom-client';
import { type AuthenticationMetrics, authenticationMetrics } from './metrics/authentications.ts';
import { type DecisionMetrics, decisionMetrics } from './metrics/decisions.ts';
import { limitMetrics } from './metrics/limits.ts';
import { processMetrics } from './metrics/process.ts';
import { type RequestMetrics, requestMetrics } from './metrics/requests.ts';
import { spanMetrics } from './metrics/spans.ts';
import { logMetrics, type State, stateMetrics } from './metrics/state.ts';
import { type TlsMetrics, tlsMetrics } from './metrics/tls.ts';
import type { Snapshot } from './metrics/total.ts';
import { upstreamMetrics } from './metrics/upstreams.ts';
import type { SpanMeter } from './tracing/span-queue.ts';

/** The metrics of one process. */
export interface Metrics {
  readonly requests: RequestMetrics;
  readonly authentications: AuthenticationMetrics;
  /** Counts the requests that a limit refuses on a route. */
  readonly refusalsBy: ReturnType<typeof limitMetrics>;
  readonly decisions: DecisionMetrics;
  readonly tls: TlsMetrics;
  /** Creates the metrics of a group of upstreams. */
  readonly group: ReturnType<typeof upstreamMetrics>;
  readonly spans: SpanMeter;
  /** The current values, for `textOf` or a `Total` over processes. */
  snapshot(): Promise<Snapshot>;
}

/** @param state the state of the services, read at each snapshot */
export function createMetrics(state: State): Metrics {
  const registry = new Registry();
  stateMetrics(registry, state);
  const ofProcess = processMetrics();
  return {
    requests: requestMetrics(registry),
    authentications: authenticationMetrics(registry),
    refusalsBy: limitMetrics(registry),
    decisions: decisionMetrics(registry),
    tls: tlsMetrics(registry, state.certificates),
    group: upstreamMetrics(registry),
    spans: spanMetrics(registry),
    snapshot: async () => [...(await registry.getMetricsAsJSON()), ...(await ofProcess.getMetricsAsJSON())],
  };
}

/** The metrics of the primary, which writes a log but answers no requests. */
export function primaryMetrics(linesDropped: () => number): () => Promise<Snapshot> {
  const registry = new Registry();
  logMetrics(registry, linesDropped);
  return () => registry.getMetricsAsJSON();
}
