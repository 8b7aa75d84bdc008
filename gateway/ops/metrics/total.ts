import { AggregatorRegistry, Registry } from 'prom-client';

/** The metrics of one process at one moment, as plain data that JSON carries. */
export type Snapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** The media type of `textOf`. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** The sum over processes in the text format of Prometheus; metrics with another `aggregator` use that instead. */
export async function textOf(snapshots: readonly Snapshot[]): Promise<string> {
  return await AggregatorRegistry.aggregate([...snapshots]).metrics();
}

/** The metrics of processes that come and go, as one. */
export interface Total {
  /** Sets the newest snapshot of a process. Without an answer in time, the previous one counts. */
  set(process: number, snapshot: Snapshot): void;
  /** Removes a departed process. Its counts stay, as the sum of counters must never fall. */
  remove(process: number): void;
  text(): Promise<string>;
}

/** @param leftOut is called for a process whose metrics cannot be summed with those of the others, and are left out */
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
    async text() {
      // Both of the same moment: a process that leaves meanwhile is among those that live.
      const living = [...newest];
      const before = await departed;
      try {
        return await textOf([...living.map(([, snapshot]) => snapshot), before]);
      } catch {
        return await textOf(await summable(before, living, leftOut));
      }
    },
  };
}

/** Those of the snapshots that can be summed, one after the other. */
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

/** The library's types have a number here, but it is a word. */
function isCumulative({ type }: Snapshot[number]): boolean {
  return ['counter', 'histogram'].includes(String(type));
}
