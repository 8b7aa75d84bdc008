import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { mergedFailures, NO_FAILURES, type SeenFailures } from '../../ops/console/failures.ts';
import type { Readiness } from '../../ops/health.ts';
import { type Logger, linesDropped } from '../../ops/log.ts';
import { createTotal, type Snapshot } from '../../ops/metrics/total.ts';
import { primaryMetrics } from '../../ops/metrics.ts';
import { requestListeners } from '../../settings/schema/request-listeners.ts';
import type { Settings } from '../../settings/schema/settings.ts';
import { memoryLedger } from '../../stores/limits/memory-ledger.ts';
import { onFirstPorts } from './first-ports.ts';
import { killHung } from './heartbeat.ts';
import type { Listening, StartData } from './messages.ts';
import { restartDelay } from './restart-delay.ts';
import { type ForWorkers, forkWorker, type WorkerProcess } from './worker-process.ts';

/** All workers of a gateway, which share its listeners. */
export interface Workers extends Listening {
  /** Ready when every worker is ready. */
  readiness(): Promise<Readiness>;
  /** The sums over all workers and the primary. */
  metrics(): Promise<Snapshot>;
  /** Those of all workers that answer. */
  failures(): Promise<SeenFailures>;
  /**
   * Applies new settings in every worker. A worker that does not apply them is stopped and replaced.
   *
   * @param settings validated; they differ only in options that a reload can change
   */
  reload(settings: Settings): Promise<void>;
  /** Resolves when all workers have exited. */
  stop(shutdown: Settings['shutdown']): Promise<void>;
}

/** One of the workers; null between its end and the start of its replacement. */
interface WorkerSlot {
  worker: WorkerProcess | null;
}

/** Milliseconds for an answer, which normally takes less than one; a worker that needs longer counts as hung. */
const ANSWER_LIMIT = 1_000;
/** The primary's id in the metrics; the ids of workers start at 1. */
const PRIMARY = 0;
/** Milliseconds to apply new settings. */
const RELOAD_LIMIT = 5_000;

/**
 * Starts the workers, and replaces each one that exits or hangs.
 *
 * @throws OperatorError with the reason when a worker exits before it is ready; the others are killed then
 */
export async function startWorkers(startData: StartData, log: Logger): Promise<Workers> {
  let { settings } = startData;
  /** Where the first workers listen, once later ones need it by number. */
  let firstPorts: Listening | null = null;
  const stopping = new AbortController();
  const total = createTotal((worker, error) => log.error({ worker, err: error }, 'metrics of a worker left out'));
  const ownMetrics = primaryMetrics(() => linesDropped(log));
  const onPort = (one: Settings): Settings => (firstPorts === null ? one : onFirstPorts(one, firstPorts));
  const forWorkers: ForWorkers = {
    onRevoked(from) {
      for (const other of living()) if (other !== from) other.readRevocations();
    },
    settleLimits: memoryLedger(() => performance.now()),
  };
  const fork = () => forkWorker({ ...startData, settings: onPort(settings) }, forWorkers);
  const slots: WorkerSlot[] = Array.from({ length: startData.count }, () => ({
    worker: fork(),
  }));
  const living = () => slots.flatMap(({ worker }) => worker ?? []);

  const endWatch = killHung(living, log);
  const [first] = await Promise.all(living().map(({ ready }) => ready)).catch(async (error: unknown) => {
    endWatch();
    for (const worker of living()) worker.kill();
    await Promise.all(living().map(({ ended }) => ended));
    throw error;
  });
  const listening: Listening = first ?? { url: '', decisionsUrl: null, redirectUrl: null };

  const replaceWhenEnded = async (slot: WorkerSlot) => {
    for (let deaths = 0; slot.worker !== null; ) {
      const { worker } = slot;
      const { code, signal, reason } = await worker.ended;
      slot.worker = null;
      total.remove(worker.id);
      if (stopping.signal.aborted) return;
      const died = restartDelay(deaths, worker.age());
      deaths = died.deaths;
      const { id, pid } = worker;
      log.error({ worker: id, pid, code, signal, reason, restartIn: died.delay }, 'worker ended');
      if (hasInheritedSocket(settings) && !living().some(({ isReady }) => isReady)) {
        // Node closes the socket in the primary with the last worker that listens on it; the service manager still has it.
        log.error('all workers have ended, and the sockets of the service manager with them: the gateway ends too');
        process.exit(1);
      }
      await pause(died.delay, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      const next = fork();
      slot.worker = next;
      next.ready.then(
        (where) => {
          const about = { worker: next.id, pid: next.pid };
          if (isDeepStrictEqual(where, listening)) return log.info({ ...about, replaces: id }, 'worker ready');
          // With port 0, Node picked another port because all workers had exited at once. Clients know the first port, so
          // later workers get that one by number.
          firstPorts = listening;
          log.error({ ...about, ...where }, 'worker replaced: it listens on another port');
          next.kill();
        },
        // `worker.ended` reports it in the next round of the loop.
        () => {},
      );
    }
  };
  for (const slot of slots) void replaceWhenEnded(slot);

  const end = async (worker: WorkerProcess, shutdown: Settings['shutdown']) => {
    const ending = await worker.stop(shutdown);
    const { id, pid } = worker;
    if (ending === 'killed') log.error({ worker: id, pid }, 'worker killed: it did not end in time');
    else if (ending.code !== 0) log.error({ worker: id, pid, ...ending }, 'worker ended');
  };

  return {
    ...listening,
    async readiness() {
      const all = await Promise.all(
        slots.map(async ({ worker }): Promise<Readiness> => {
          if (worker?.isReady !== true) return NOT_READY;
          return await worker.ask({ about: 'readiness' }, ANSWER_LIMIT).catch(() => NOT_READY);
        }),
      );
      const unavailable = [...new Set(all.flatMap((one) => one.unavailable))].sort();
      return { status: all.every(({ status }) => status === 'ready') ? 'ready' : 'unavailable', unavailable };
    },
    async metrics() {
      await Promise.all(
        living().map(async (worker) => {
          if (!worker.isReady) return;
          const snapshot = await worker.ask({ about: 'metrics' }, ANSWER_LIMIT).catch(() => null);
          if (snapshot !== null && living().includes(worker)) total.set(worker.id, snapshot);
        }),
      );
      total.set(PRIMARY, await ownMetrics());
      return await total.sum();
    },
    async failures() {
      const answers = living().map(async (worker) => {
        const known = worker.isReady ? worker.ask({ about: 'failures' }, ANSWER_LIMIT) : null;
        return [worker.id, (await known?.catch(() => null)) ?? NO_FAILURES] as const;
      });
      return mergedFailures(await Promise.all(answers));
    },
    async reload(next) {
      settings = next;
      await Promise.all(
        living().map(async (worker) => {
          const reason = await refusalOf(worker, onPort(next));
          if (reason === null) return;
          const { id, pid } = worker;
          log.error({ worker: id, pid, reason }, 'worker replaced: it did not take the configuration over');
          await worker.stop(next.shutdown);
        }),
      );
    },
    async stop(shutdown) {
      stopping.abort();
      endWatch();
      await Promise.all(living().map((worker) => end(worker, shutdown)));
    },
  };
}

function hasInheritedSocket(settings: Settings): boolean {
  return requestListeners(settings).some(({ address }) => 'fd' in address);
}

/** The readiness of a worker that is being replaced, or hangs. */
const NOT_READY: Readiness = { status: 'unavailable', unavailable: ['workers'] };

/** @returns why the worker did not apply the settings; null when it did, or has exited: its replacement starts with them */
async function refusalOf(worker: WorkerProcess, settings: Settings): Promise<string | null> {
  try {
    await worker.ready;
    return await worker.ask({ about: 'reload', settings }, RELOAD_LIMIT);
  } catch {
    return worker.isReady ? `no answer within ${RELOAD_LIMIT} ms` : null;
  }
}
