import { AggregatorRegistry, Registry } from 'prom-client';

/** The metrics of one process at one moment, as plain data that JSON carries. */
export type Snapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** What the text below is. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** The sum over processes, in the text format of Prometheus; what is not summed says so in its `aggregator`. */
export async function textOf(snapshots: readonly Snapshot[]): Promise<string> {
  return await AggregatorRegistry.aggregate([...snapshots]).metrics();
}

/** The metrics of processes that come and go, as one. */
export interface Total {
  /** The newest of a process. One that does not answer in time counts with what it said last. */
  set(process: number, snapshot: Snapshot): void;
  /** The process is gone. What it has counted stays, as the sum of counters must never fall. */
  remove(process: number): void;
  text(): Promise<string>;
}

export function createTotal(): Total {
  const newest = new Map<number, Snapshot>();
  let departed: Promise<Snapshot> = Promise.resolve([]);
  return {
    set: (process, snapshot) => void newest.set(process, snapshot),
    remove(process) {
      const snapshot = newest.get(process);
      if (snapshot === undefined) return;
      newest.delete(process);
      const lasting = snapshot.filter(isCumulative);
      departed = departed.then((before) => AggregatorRegistry.aggregate([before, lasting]).getMetricsAsJSON());
    },
    async text() {
      // Both of the same moment: a process that leaves meanwhile is among those that live.
      const living = [...newest.values()];
      return await textOf([...living, await departed]);
    },
  };
}

/** The library's types have a number here, but it is a word. */
function isCumulative({ type }: Snapshot[number]): boolean {
  return ['counter', 'histogram'].includes(String(type));
}
