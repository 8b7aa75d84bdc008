import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/**
 * Percentiles of the event loop since the last scrape cannot be summed over processes, and have an offset of 10 ms. The
 * metrics of active handles would iterate over all connections at each scrape.
 */
const UNWANTED = /^nodejs_(?:eventloop_lag|active)_/;

let known: Registry | undefined;

/** The metrics of this process itself: memory, CPU, garbage collection, delay of the event loop. Created once. */
export function processMetrics(): Registry {
  known ??= createProcessMetrics();
  return known;
}

function createProcessMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const metric of registry.getMetricsAsArray()) {
    if (UNWANTED.test(metric.name)) registry.removeSingleMetric(metric.name);
    // With several processes, the start of the youngest.
    if (metric.name === 'process_start_time_seconds') metric.aggregator = 'max';
  }
  measureEventLoop(registry);
  return registry;
}

/** Milliseconds between two samples of the event loop. */
const SAMPLING = 20;
/** Maximum milliseconds of one delay: a process that was stopped for a day needs no samples for that day. */
const LONGEST = 60_000;

/**
 * Samples how late a timer fires. A long delay also counts for the samples that it prevented: requests that arrived at those
 * moments waited too (coordinated omission).
 */
function measureEventLoop(registry: Registry): void {
  const delays = new Histogram({
    name: 'gatehouse_event_loop_delay_seconds',
    help: 'Delay of the event loop, sampled every 20 ms.',
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
