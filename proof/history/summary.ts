import { percentile } from '../../bench/harness/statistics.ts';
import type { Line } from './line.ts';
import type { Spread } from './spread.ts';

/** Counts the calls of a history by kind and answer. */
export interface Summary {
  see(line: Line): void;
  /** The table for the output. */
  lines(spread: Spread): string[];
}

export function createSummary(): Summary {
  const acts = new Map<number, string>();
  const counts = new Map<string, Map<string, number>>();
  const count = (kind: string, answer: string) => {
    const ofKind = counts.get(kind) ?? new Map<string, number>();
    counts.set(kind, ofKind.set(answer, (ofKind.get(answer) ?? 0) + 1));
  };

  return {
    see(line) {
      switch (line.type) {
        case 'begins':
          acts.set(line.id, `${line.act.kind} (${line.node === 'operator' ? 'command' : 'API'})`);
          return;
        case 'ends':
          count(acts.get(line.id) ?? '', line.outcome);
          acts.delete(line.id);
          return;
        case 'used':
          count(`use as ${line.form}`, String(line.status ?? 'no answer'));
          return;
        case 'listed':
          count('list', '200');
          return;
        case 'fault':
          count('fault', 'made');
          return;
        case 'run':
        case 'phase':
        case 'ready':
        case 'fault over':
        case 'outage':
        case 'outage over':
        case 'waited':
          return;
      }
    },
    lines(spread) {
      const calls = [...counts].sort(([one], [other]) => one.localeCompare(other));
      const latencies = [...spread.latencies()].sort(([one], [other]) => one.localeCompare(other));
      return [
        'calls:',
        ...calls.map(([kind, answers]) => `  ${kind.padEnd(28)}${answersOf(answers)}`),
        'from the acknowledgement to the last request that was accepted, in ms, for each credential and gateway:',
        `  ${''.padEnd(44)}${['count', 'p50', 'p99', 'max'].map((name) => name.padStart(7)).join('')}`,
        ...latencies.map(([path, values]) => `  ${path.padEnd(44)}${figuresOf(values)}`),
      ];
    },
  };
}

function answersOf(answers: ReadonlyMap<string, number>): string {
  const sorted = [...answers].sort(([one], [other]) => one.localeCompare(other));
  return sorted.map(([answer, times]) => `${answer}: ${times}`).join(', ');
}

function figuresOf(values: readonly number[]): string {
  const figures = [values.length, ...[50, 99, 100].map((share) => Math.round(percentile(values, share)))];
  return figures.map((figure) => String(figure).padStart(7)).join('');
}
