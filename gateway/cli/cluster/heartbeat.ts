import type { Logger } from '../../ops/log.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Milliseconds between two beats. */
const BEAT = 2_000;
/** Beats that go by without a word of a worker before it is taken for hung. */
const SILENT_BEATS = 5;
/** The same while it starts: it may have to load everything on a machine that is busy. */
const SILENT_BEATS_AT_START = 30;

/**
 * Kills workers that hang: one with a blocked event loop keeps its connections open and answers none of them.
 *
 * Counts missed beats instead of time: when all processes were stopped and continued together, only one beat is missed, and
 * workers that answer the next one survive.
 *
 * @param living the workers to watch, read at each beat; the owner replaces a killed one when it exits
 * @returns stops watching
 */
export function killHung(living: () => readonly WorkerProcess[], log: Logger): () => void {
  const timer = setInterval(() => {
    for (const worker of living()) {
      const { id, pid, isReady } = worker;
      const limit = isReady ? SILENT_BEATS : SILENT_BEATS_AT_START;
      // Once for each: what SIGKILL does not end, a second one does not end either.
      if (worker.beat() !== limit) continue;
      log.error({ worker: id, pid, silent: limit * BEAT }, 'worker killed: it does not answer');
      worker.kill();
    }
  }, BEAT);
  return () => clearInterval(timer);
}
