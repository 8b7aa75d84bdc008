import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Finding } from '../finding.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Milliseconds between two measurements of the heap. */
const INTERVAL = 5_000;
/** Measurements below which a slope says nothing. */
const FEWEST = 12;
/** Bytes for each input that are taken for flat, where the heap rises at all beyond its own noise. */
const FLAT = 512;

/** Measures the heap after a collection of garbage, as long as inputs are tried. */
export class HeapWatch {
  readonly #points: { readonly inputs: number; readonly heap: number }[] = [];
  #next = 0;

  /** @param inputs that have been tried so far */
  look(inputs: number): void {
    if (performance.now() < this.#next) return;
    collect();
    const { heapUsed, external } = process.memoryUsage();
    this.#points.push({ inputs, heap: heapUsed + external });
    this.#next = performance.now() + INTERVAL;
  }

  /** The slope of the second half of the run, when caches are full. */
  conclude(): Finding {
    const points = this.#points.slice(Math.floor(this.#points.length / 2));
    if (points.length < FEWEST) return { kind: `heap: ${this.#points.length} measurements, too few`, difference: null };
    const { slope, error } = line(points);
    const told = `heap: ${slope.toFixed(0)} ± ${(2 * error).toFixed(0)} bytes for each input, ${points.length} measurements`;
    return { kind: told, difference: slope - 2 * error > FLAT ? told : null };
  }
}

/** The least squares line, and the standard error of its slope. */
function line(points: readonly { readonly inputs: number; readonly heap: number }[]): {
  readonly slope: number;
  readonly error: number;
} {
  const mean = (of: (point: (typeof points)[number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(({ inputs }) => inputs), mean(({ heap }) => heap)];
  const spread = points.reduce((sum, { inputs }) => sum + (inputs - x) ** 2, 0);
  const slope = points.reduce((sum, { inputs, heap }) => sum + (inputs - x) * (heap - y), 0) / spread;
  const residue = points.reduce((sum, { inputs, heap }) => sum + (heap - y - slope * (inputs - x)) ** 2, 0);
  return { slope, error: Math.sqrt(residue / (points.length - 2) / spread) };
}
