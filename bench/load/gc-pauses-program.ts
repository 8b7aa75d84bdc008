import { appendFileSync } from 'node:fs';
import { PerformanceObserver, performance } from 'node:perf_hooks';

/**
 * Imported before a program of Node's: writes a line for each garbage collection that stops it, to the file that
 * `BENCH_GC_PAUSES` names: the moment of its end in milliseconds since 1970, and its length in milliseconds.
 */
const file = process.env.BENCH_GC_PAUSES;

if (file !== undefined) {
  const observer = new PerformanceObserver((list) => {
    const lines = list.getEntries().map(({ startTime, duration }) => {
      return `${performance.timeOrigin + startTime + duration} ${duration}\n`;
    });
    appendFileSync(file, lines.join(''));
  });
  observer.observe({ entryTypes: ['gc'] });
}
