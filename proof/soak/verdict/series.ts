import type { ProcessSample, Sample, Values } from '../samples.ts';
import type { Point } from './trend.ts';

/** What was measured of one thing, such as a process or the tables. */
export interface Subject {
  readonly name: string;
  readonly kind: 'process' | 'gateway' | 'stores';
  /** Hours since the beginning of the run. */
  readonly from: number;
  readonly to: number;
  readonly series: ReadonlyMap<string, readonly Point[]>;
}

const HOUR = 3_600_000;

/** @returns processes, gateways and stores with their series, in the order of their appearance */
export function subjectsOf(samples: readonly Sample[], begin: number): Subject[] {
  const groups = new Map<string, { readonly kind: Subject['kind']; readonly rows: { at: number; values: Values }[] }>();
  const add = (kind: Subject['kind'], name: string, at: number, values: Values) => {
    const group = groups.get(name) ?? { kind, rows: [] };
    groups.set(name, group);
    group.rows.push({ at: (at - begin) / HOUR, values });
  };
  for (const sample of samples) {
    if (sample.kind === 'process') add('process', nameOf(sample), sample.at, withSums(sample.values));
    if (sample.kind === 'gauges') add('gateway', sample.node, sample.at, sample.values);
    if (sample.kind === 'stores') add('stores', 'stores', sample.at, sample.values);
  }
  return [...groups].map(([name, { kind, rows }]) => ({
    ...{ name, kind, from: rows[0]?.at ?? 0, to: rows.at(-1)?.at ?? 0 },
    series: seriesOf(kind, rows),
  }));
}

function nameOf({ node, role, pid }: ProcessSample): string {
  return `${node}, ${role} ${pid}`;
}

function seriesOf(kind: Subject['kind'], rows: readonly { readonly at: number; readonly values: Values }[]) {
  const names = new Set(rows.flatMap(({ values }) => Object.keys(values)));
  // What a process did not have at a moment is 0, but what a store did not answer is unknown.
  const missing = kind === 'process' ? 0 : null;
  return new Map(
    [...names].map((name) => [
      name,
      rows.flatMap(({ at, values }): Point[] => {
        const value = values[name] ?? missing;
        return value === null ? [] : [[at, value]];
      }),
    ]),
  );
}

/** Sums of what comes in several kinds, which are more even than each of them. */
function withSums(values: Values): Values {
  const sumOf = (prefix: string) =>
    Object.entries(values).reduce((sum, [name, value]) => sum + (name.startsWith(prefix) ? value : 0), 0);
  return { ...values, 'active resources': sumOf('active '), 'tcp sockets': sumOf('tcp ') };
}
