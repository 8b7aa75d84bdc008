import { renameSync, writeFileSync } from 'node:fs';

/**
 * Imported before a program of Node's with `--expose-gc`: at each SIGUSR2, collects all garbage and writes the bytes that
 * are alive, V8's heap and buffers, to the file that `BENCH_LIVE_MEMORY` names.
 */
const file = process.env.BENCH_LIVE_MEMORY;

if (file !== undefined) {
  process.on('SIGUSR2', () => {
    // The first runs finalizers, the second collects what they have let go.
    globalThis.gc?.();
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    writeFileSync(`${file}.new`, String(heapUsed + external));
    renameSync(`${file}.new`, file);
  });
}
