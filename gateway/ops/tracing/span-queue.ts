import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../log.ts';

/** What becomes of spans. */
export interface SpanMeter {
  exported(count: number): void;
  dropped(count: number): void;
}

/** Spans on their way to the collector. */
export interface SpanQueue {
  /** Takes spans, or drops them if too many wait. Never throws and never waits. */
  add(spans: readonly ReadableSpan[]): void;
  /** Sends what waits, for at most so many milliseconds, and drops the rest. */
  close(within: number): Promise<void>;
}

/** Spans that wait at most. */
const MOST_WAITING = 2_048;
/** Spans that are sent at once at most. */
const BATCH = 512;
/** Milliseconds that a span waits for others. */
const PAUSE = 1_000;

/**
 * Sends spans in batches, one at a time: a collector that is slow or out costs neither memory nor requests, but spans, which are
 * counted.
 *
 * @param url for the log
 */
export function createSpanQueue(exporter: SpanExporter, meter: SpanMeter, log: Logger, url: string): SpanQueue {
  let waiting: ReadableSpan[] = [];
  let sending: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isOut = false;

  const drop = (count: number) => {
    if (count > 0) meter.dropped(count);
  };
  const report = (error: Error | null) => {
    if (isOut === (error !== null)) return;
    isOut = error !== null;
    if (error === null) log.info({ collector: url }, 'the collector of spans is back');
    else log.warn({ collector: url, cause: error.message }, 'the collector of spans is out: spans are dropped');
  };

  const send = async (batch: ReadableSpan[]) => {
    const sent = new Promise<void>((resolve, reject) => {
      exporter.export(batch, ({ code, error }) => {
        if (code === SUCCESS) resolve();
        else reject(error ?? new Error('no reason given'));
      });
    });
    const error = await sent.then(
      () => null,
      (cause: Error) => cause,
    );
    report(error);
    if (error === null) meter.exported(batch.length);
    else drop(batch.length);
  };

  const sendWaiting = async () => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH);
      waiting = waiting.slice(BATCH);
      await send(batch);
    }
    // Without a pause after the last look at `waiting`: a span that is added in between would wait for the next one.
    sending = null;
  };
  const start = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (waiting.length > 0) sending ??= sendWaiting();
  };

  return {
    add(spans) {
      const room = MOST_WAITING - waiting.length;
      waiting.push(...spans.slice(0, room));
      drop(spans.length - room);
      if (sending !== null) return;
      if (waiting.length >= BATCH) start();
      else timer ??= setTimeout(start, PAUSE).unref();
    },
    async close(within) {
      start();
      let overdue: NodeJS.Timeout | undefined;
      const isOver = new Promise<void>((resolve) => {
        overdue = setTimeout(resolve, within);
      });
      await Promise.race([sending, isOver]);
      drop(waiting.length);
      waiting = [];
      await Promise.race([exporter.shutdown(), isOver]);
      clearTimeout(overdue);
    },
  };
}

/** `ExportResultCode.SUCCESS` of `@opentelemetry/core`. */
const SUCCESS = 0;
