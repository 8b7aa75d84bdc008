import type { Logger } from '../log.ts';
import type { Snapshot as Metrics } from '../metrics/total.ts';
import type { SeenFailure } from './failures.ts';
import { fitted } from './fitted.ts';
import {
  type ConsoleSnapshot,
  type Point,
  type Present,
  pointIn,
  type Reading,
  readingOf,
  snapshotOf,
} from './snapshot.ts';

/** Milliseconds between two snapshots. */
const INTERVAL = 1_000;
/** Snapshots that are remembered for plots: five minutes. */
const MOST_POINTS = 300;

/** What the sampler asks for, once a second while somebody looks. */
export interface Sources {
  /** The sums over all workers. */
  metrics(): Promise<Metrics>;
  /** The failures that are remembered, from the oldest to the newest. */
  recentFailures(): Promise<readonly SeenFailure[]>;
  present(): Promise<Omit<Present, 'newFailures'>>;
}

export interface Sampler {
  /** Calls `send` with each snapshot as JSON, first with the last one if there is one. @returns ends that */
  watch(send: (json: string) => void): () => void;
  /** How many watch. */
  readonly watching: number;
  /** In full; null: nobody watches, or there is none yet. */
  readonly latest: ConsoleSnapshot | null;
  /** From the oldest to the newest, of the time since somebody watches. */
  readonly history: readonly Point[];
}

/** Makes snapshots while somebody watches. In between, nothing is read and nothing kept. */
export function createSampler(sources: Sources, log: Logger): Sampler {
  const watchers = new Set<(json: string) => void>();
  let run: Run | null = null;
  return {
    watch(send) {
      watchers.add(send);
      run ??= startRun(sources, log, (json) => {
        for (const one of [...watchers]) one(json);
      });
      if (run.json !== null) send(run.json);
      return () => {
        watchers.delete(send);
        if (watchers.size > 0) return;
        run?.stop();
        run = null;
      };
    },
    get watching() {
      return watchers.size;
    },
    get latest() {
      return run?.latest ?? null;
    },
    get history() {
      return run?.history ?? [];
    },
  };
}

/** From the first watcher to the last one. */
interface Run {
  readonly latest: ConsoleSnapshot | null;
  readonly json: string | null;
  readonly history: readonly Point[];
  stop(): void;
}

function startRun(sources: Sources, log: Logger, publish: (json: string) => void): Run {
  const history: Point[] = [];
  const seen = new Map<number | null, number>();
  let before: Reading | null = null;
  let latest: ConsoleSnapshot | null = null;
  let json: string | null = null;
  let isFailing = false;
  let isStopped = false;
  let timer: NodeJS.Timeout;

  const sample = async () => {
    const [metrics, failures, present] = await Promise.all([
      sources.metrics(),
      sources.recentFailures(),
      sources.present(),
    ]);
    const newFailures = failures.filter(({ worker, number }) => number > (seen.get(worker) ?? 0));
    for (const { worker, number } of newFailures) seen.set(worker, Math.max(number, seen.get(worker) ?? 0));
    const after = readingOf(Date.now(), metrics);
    // The first reading has no difference to another, and its failures are in the state.
    if (before !== null) {
      latest = snapshotOf(before, after, { ...present, newFailures });
      json = JSON.stringify(fitted(latest));
      if (history.length === MOST_POINTS) history.shift();
      history.push(pointIn(latest));
    }
    before = after;
  };
  const turn = async () => {
    const began = performance.now();
    const last = json;
    try {
      await sample();
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.error({ err: error, fault: 'gateway' }, 'no snapshot for the console');
      isFailing = true;
    }
    if (isStopped) return;
    if (json !== null && json !== last) publish(json);
    timer = setTimeout(turn, Math.max(0, INTERVAL - (performance.now() - began)));
    timer.unref();
  };
  void turn();
  return {
    get latest() {
      return latest;
    },
    get json() {
      return json;
    },
    history,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
