import type { BeginTrace } from '../domain/trace.ts';
import type { Logger } from '../ops/log.ts';
import type { SpanMeter } from '../ops/tracing/span-queue.ts';
import type { Tracer } from '../ops/tracing/tracer.ts';
import { createBeginTrace } from '../request/trace.ts';
import type { Settings } from '../settings/schema/settings.ts';

/** The tracing of one process. */
export interface Tracing extends Tracer {
  readonly begin: BeginTrace;
}

/**
 * Opens what `tracing` says.
 *
 * @param pathOf the path of a route of this name; `undefined`: there is none
 * @returns null without a collector: nothing is loaded, and requests cost nothing
 */
export async function openTracing(
  { url, sample, ...about }: Settings['tracing'],
  meter: SpanMeter,
  log: Logger,
  pathOf: (route: string) => string | undefined,
): Promise<Tracing | null> {
  if (url === null) return null;
  const { createTracer } = await import('../ops/tracing/tracer.ts');
  return { ...createTracer({ url, ...about }, meter, log, pathOf), begin: createBeginTrace(sample) };
}
