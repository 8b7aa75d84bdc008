import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/**
 * Percentiles of the event loop since the last scrape: they cannot be summed over processes, and their zero is 10 ms. And the
 * active handles: each scrape would iterate over all connections.
 */
const UNWANTED = /^nodejs_(?:eventloop_lag|active)_/;

let known: Registry | undefined;

/** The metrics of this process as such: memory, CPU, garbage collection, delay of the event loop. Made once. */
export function processMetrics(): Registry {
  known ??= createProcessMetrics();
  return known;
}

function createProcessMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const metric of registry.getMetricsAsArray()) {
    if (UNWANTED.test(metric.name)) registry.removeSingleMetric(metric.name);
    // Of several processes, when the youngest began.
    if (metric.name === 'process_start_time_seconds') metric.aggregator = 'max';
  }
  measureEventLoop(registry);
  return registry;
}

/** Milliseconds between two samples of the event loop. */
const SAMPLING = 20;
/** Milliseconds that count at the most: a process that was stopped for a day has no use for a day's samples. */
const LONGEST = 60_000;

/**
 * Samples how late a timer fires. One long delay counts for all samples that it has kept from being taken, too: it is
 * what a request would have waited that came at any of those moments.
 */
function measureEventLoop(registry: Registry): void {
  const delays = new Histogram({
    name: 'gatehouse_event_loop_delay_seconds',
    help: 'How long what is due waits for the event loop, sampled every 20 ms.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers: [registry],
  });
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    const delay = Math.min(LONGEST, Math.max(0, now - last - SAMPLING));
    for (let missed = delay; missed >= 0; missed -= SAMPLING) delays.observe(missed / 1000);
    last = now;
  }, SAMPLING).unref();
}
