import type { Logger } from '../../ops/log.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Milliseconds between two beats. */
const BEAT = 2_000;
/** Beats that go by without a word of a worker before it is taken for hung. */
const SILENT_BEATS = 5;
/** The same while it starts: it may have to load everything on a machine that is busy. */
const SILENT_BEATS_AT_START = 30;

/**
 * Kills workers that hang: one whose event loop stands still keeps its connections open, and answers none of them.
 *
 * Beats are counted, and not the time: when all processes were stopped together and go on, the first beat is one only, and
 * those that answer the next one live.
 *
 * @param living those to watch, asked for at each beat; a killed one is replaced by whoever sees it end
 * @returns ends the watch
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
