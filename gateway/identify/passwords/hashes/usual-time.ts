/** The number of measurements: odd, for an exact median; small, so that the median follows the load. */
const REMEMBERED = 9;

export interface UsualTime {
  /** Runs the work, and measures its duration unless it fails. */
  measure<T>(work: () => Promise<T>): Promise<T>;
  /** Milliseconds: the median of the last measurements, or null before the first. */
  median(): number | null;
}

/** Measures how long some work currently takes on this machine. */
export function usualTime(): UsualTime {
  const durations: number[] = [];
  return {
    async measure(work) {
      const begun = performance.now();
      const result = await work();
      durations.push(performance.now() - begun);
      if (durations.length > REMEMBERED) durations.shift();
      return result;
    },
    median() {
      const sorted = durations.toSorted((a, b) => a - b);
      return sorted[Math.floor(sorted.length / 2)] ?? null;
    },
  };
}
