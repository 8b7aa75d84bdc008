import { Counter, type Registry } from 'prom-client';
import type { SpanMeter } from '../tracing/span-queue.ts';

/** Counts the spans for the collector. */
export function spanMetrics(registry: Registry): SpanMeter {
  const registers = [registry];
  const exported = new Counter({
    name: 'gatehouse_spans_exported_total',
    help: 'Spans that the collector has accepted.',
    registers,
  });
  const dropped = new Counter({
    name: 'gatehouse_spans_dropped_total',
    help: 'Spans that were dropped because the collector is out or too slow.',
    registers,
  });
  return { exported: (count) => exported.inc(count), dropped: (count) => dropped.inc(count) };
}
