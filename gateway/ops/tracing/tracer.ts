import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import packageVersion from '../../../package.json' with { type: 'json' };
import type { RequestRecord } from '../../domain/request-record.ts';
import type { Logger } from '../log.ts';
import { spansOf } from './request-spans.ts';
import { createSpanQueue, type SpanMeter, type SpanQueue } from './span-queue.ts';

/** Sends the spans of requests to a collector. */
export interface Tracer extends Pick<SpanQueue, 'close'> {
  /** A request has ended. Does nothing for one that is not sampled. @param status as for `logRequest` */
  ended(record: RequestRecord, status: number): void;
}

/** Milliseconds for a batch, with its retries. */
const EXPORT_DEADLINE = 5_000;

/**
 * @param url that spans are posted to
 * @param name the `service.name`
 * @param pathOf the path of a route of this name; `undefined`: there is none
 */
export function createTracer(
  { url, name, headers }: { readonly url: string; readonly name: string; readonly headers: Record<string, string> },
  meter: SpanMeter,
  log: Logger,
  pathOf: (route: string) => string | undefined,
): Tracer {
  const exporter = new OTLPTraceExporter({ url, headers, timeoutMillis: EXPORT_DEADLINE });
  const queue = createSpanQueue(exporter, meter, log, url);
  const { version } = packageVersion;
  const resource = resourceFromAttributes({
    [ATTR_SERVICE_NAME]: name,
    [ATTR_SERVICE_VERSION]: version,
    'process.pid': process.pid,
  });
  const context = { resource, version, pathOf };
  return {
    ended(record, status) {
      const { trace } = record;
      if (trace?.recording) queue.add(spansOf(record, trace, trace.recording, status, context));
    },
    close: queue.close,
  };
}
