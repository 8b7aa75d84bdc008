import { AggregatorRegistry, Registry } from 'prom-client';

/** The metrics of one process at one moment, as plain data for JSON. */
export type Snapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** The media type of `textOf`. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** The sum over processes in the text format of Prometheus; metrics with another `aggregator` use that instead. */
export async function textOf(snapshots: readonly Snapshot[]): Promise<string> {
  return await AggregatorRegistry.aggregate([...snapshots]).metrics();
}

/** The sum over processes that start and exit. */
export interface Total {
  /** Sets the newest snapshot of a process. Without an answer in time, the previous one counts. */
  set(process: number, snapshot: Snapshot): void;
  /** Removes a departed process. Its counts stay, as the sum of counters must never fall. */
  remove(process: number): void;
  sum(): Promise<Snapshot>;
}

/** @param leftOut called for a process whose metrics are omitted because they cannot be summed with the others' */
export function createTotal(leftOut: (process: number, error: unknown) => void = () => {}): Total {
  const newest = new Map<number, Snapshot>();
  let departed: Promise<Snapshot> = Promise.resolve([]);
  return {
    set: (process, snapshot) => void newest.set(process, snapshot),
    remove(process) {
      const snapshot = newest.get(process);
      if (snapshot === undefined) return;
      newest.delete(process);
      departed = departed.then(async (before) => {
        try {
          return await sumOf([before, snapshot.filter(isCumulative)]);
        } catch (error) {
          leftOut(process, error);
          return before;
        }
      });
    },
    async sum() {
      // Both copied at the same moment, so that a process which exits meanwhile is counted once.
      const living = [...newest];
      const before = await departed;
      try {
        return await sumOf([...living.map(([, snapshot]) => snapshot), before]);
      } catch {
        return await sumOf(await summable(before, living, leftOut));
      }
    },
  };
}

/** The snapshots that can be summed. */
async function summable(
  before: Snapshot,
  living: readonly (readonly [number, Snapshot])[],
  leftOut: (process: number, error: unknown) => void,
): Promise<Snapshot[]> {
  const taken = [before];
  for (const [process, snapshot] of living) {
    try {
      await sumOf([...taken, snapshot]);
      taken.push(snapshot);
    } catch (error) {
      leftOut(process, error);
    }
  }
  return taken;
}

async function sumOf(snapshots: Snapshot[]): Promise<Snapshot> {
  return await AggregatorRegistry.aggregate(snapshots).getMetricsAsJSON();
}

/** The types of prom-client say number; it is a string. */
function isCumulative({ type }: Snapshot[number]): boolean {
  return ['counter', 'histogram'].includes(String(type));
}
