import type { Answers, Recorder, TrafficSample, UnexpectedSample } from '../samples.ts';

interface Counts {
  count: number;
  excused: number;
  unexpected: number;
  readonly statuses: Record<string, number>;
  readonly latencies: number[];
}

/** What is wrong with an answer. */
export interface Problem {
  readonly node: string;
  /** The `X-Request-Id`; null: there is none. */
  readonly id: string | null;
  readonly message: string;
}

/** Counts answers, and writes down the first unexpected ones. */
export interface Tally {
  expected(operation: string, status: number | null, latency: number): void;
  /** A fault of the run explains it. */
  excused(operation: string, status: number | null, latency: number): void;
  unexpected(operation: string, status: number | null, latency: number, problem: Problem): void;
  heldBack(): void;
  /** What was counted since the last call. */
  take(seconds: number, underWay: number): TrafficSample;
}

/** Of each kind of request; a run that goes wrong must not fill the disk. */
const MOST_EXAMPLES = 200;

/** @param lineOf what the log of a gateway says of a request */
export function tallyTo(recorder: Recorder, lineOf: (node: string, id: string) => UnexpectedSample['line']): Tally {
  let counts = new Map<string, Counts>();
  let held = 0;
  const examples = new Map<string, number>();
  /** Written at the next sample, when the log has their lines. */
  const pending: Omit<UnexpectedSample, 'line'>[] = [];
  const of = (operation: string, status: number | null, latency: number): Counts => {
    const found = counts.get(operation) ?? { count: 0, excused: 0, unexpected: 0, statuses: {}, latencies: [] };
    counts.set(operation, found);
    found.count += 1;
    found.statuses[status ?? 'none'] = (found.statuses[status ?? 'none'] ?? 0) + 1;
    found.latencies.push(latency);
    return found;
  };
  return {
    expected: (...answer) => void of(...answer),
    excused(...answer) {
      of(...answer).excused += 1;
    },
    unexpected(operation, status, latency, { node, id, message }) {
      of(operation, status, latency).unexpected += 1;
      const shown = (examples.get(operation) ?? 0) + 1;
      examples.set(operation, shown);
      if (shown <= MOST_EXAMPLES) pending.push({ kind: 'unexpected', at: Date.now(), node, operation, id, message });
    },
    heldBack() {
      held += 1;
    },
    take(seconds, underWay) {
      for (const one of pending.splice(0)) {
        recorder.add({ ...one, line: one.id === null ? null : lineOf(one.node, one.id) });
      }
      const operations = Object.fromEntries([...counts].map(([name, found]) => [name, summary(found)]));
      const sample: TrafficSample = { kind: 'traffic', at: Date.now(), seconds, underWay, heldBack: held, operations };
      counts = new Map();
      held = 0;
      return sample;
    },
  };
}

function summary({ latencies, ...counts }: Counts): Answers {
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number) => Math.round((sorted[Math.ceil(sorted.length * share) - 1] ?? 0) * 100) / 100;
  return { ...counts, p50: at(0.5), p99: at(0.99), max: at(1) };
}
