import type { Logger } from '../../ops/log.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Milliseconds between two beats. */
const BEAT = 2_000;
/** Beats without a message from a worker before it counts as hung. */
const SILENT_BEATS = 5;
/** The same during start-up, when the worker loads all modules, possibly on a busy machine. */
const SILENT_BEATS_AT_START = 30;

/**
 * Kills workers that hang: a worker with a blocked event loop keeps its connections open and answers none of them.
 *
 * Counts missed beats instead of time: when all processes were stopped and continued together, only one beat is missed, and
 * workers that answer the next one survive.
 *
 * @param living returns the workers to watch; the caller replaces a killed worker when it exits
 * @returns stops watching
 */
export function killHung(living: () => readonly WorkerProcess[], log: Logger): () => void {
  const timer = setInterval(() => {
    for (const worker of living()) {
      const { id, pid, isReady } = worker;
      const limit = isReady ? SILENT_BEATS : SILENT_BEATS_AT_START;
      // One SIGKILL for each worker: a second one has no further effect.
      if (worker.beat() !== limit) continue;
      log.error({ worker: id, pid, silent: limit * BEAT }, 'worker killed: it does not answer');
      worker.kill();
    }
  }, BEAT);
  return () => clearInterval(timer);
}
