import type { RequestRecord } from '../domain/request-record.ts';
import type { BeginTrace } from '../domain/trace.ts';
import type { Logger } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { Tracer } from '../ops/tracing/tracer.ts';
import type { RequestMeter } from '../request/access-log.ts';
import { createBeginTrace } from '../request/trace.ts';
import type { Settings } from '../settings/schema/settings.ts';

/** The tracing of one process. */
export interface Tracing extends Pick<Tracer, 'close'> {
  /** Null: nothing is traced. */
  readonly begin: BeginTrace | null;
  /** Meters that pass each request that has ended to the tracer too. */
  readonly requests: RequestMeter;
  readonly decisions: { decided(record: RequestRecord, status: number): void };
}

/**
 * Opens what `tracing` says. Without a collector nothing is loaded, and requests cost nothing.
 *
 * @param pathOf the path of a route of this name; `undefined`: there is none
 */
export async function openTracing(
  { url, sample, ...about }: Settings['tracing'],
  { requests, decisions, spans }: Pick<Metrics, 'requests' | 'decisions' | 'spans'>,
  log: Logger,
  pathOf: (route: string) => string | undefined,
): Promise<Tracing> {
  if (url === null) return { begin: null, requests, decisions, close: async () => {} };
  const { createTracer } = await import('../ops/tracing/tracer.ts');
  const tracer = createTracer({ url, ...about }, spans, log, pathOf);
  return {
    begin: createBeginTrace(sample),
    requests: {
      ...requests,
      ended(record, status) {
        requests.ended(record, status);
        tracer.ended(record, status);
      },
      answered(record, status) {
        requests.answered(record, status);
        tracer.ended(record, status);
      },
    },
    decisions: {
      decided(record, status) {
        decisions.decided(record);
        tracer.ended(record, status);
      },
    },
    close: tracer.close,
  };
}
