import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';
import type { Values } from '../samples.ts';
import { PROBE_EVERY, PROBE_FOLDER } from './probe-reader.ts';

/**
 * Imported before each process of a gateway under soak: collects all garbage at intervals, and writes what is alive to the
 * file `PID.jsonl` of its folder. Garbage would hide a slow leak for hours.
 */
const { [PROBE_FOLDER]: folder, [PROBE_EVERY]: every } = process.env;

if (folder !== undefined && isMainThread) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const file = join(folder, `${process.pid}.jsonl`);
  const delay = monitorEventLoopDelay({ resolution: 50 });
  delay.enable();

  const measure = (): Values => {
    const blocked = { p50: delay.percentile(50), p99: delay.percentile(99), max: delay.max };
    // The first runs finalizers, the second collects what they have released.
    collect();
    collect();
    delay.reset();
    const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
    const heap = getHeapStatistics();
    const values: Record<string, number> = {
      rss,
      heap: heapUsed,
      external,
      'array buffers': arrayBuffers,
      'malloc by V8': heap.malloced_memory,
      'native contexts': heap.number_of_native_contexts,
      'global handles': heap.used_global_handles_size,
      'process listeners': process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
      'delay p50': blocked.p50 / 1e6,
      'delay p99': blocked.p99 / 1e6,
      'delay max': blocked.max / 1e6,
    };
    for (const name of process.getActiveResourcesInfo()) values[`active ${name}`] = (values[`active ${name}`] ?? 0) + 1;
    return values;
  };
  setInterval(
    () => appendFileSync(file, `${JSON.stringify({ at: Date.now(), values: measure() })}\n`),
    Number(every),
  ).unref();
}
