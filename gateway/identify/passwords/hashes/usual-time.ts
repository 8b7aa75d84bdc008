/** Odd, so that there is one in the middle; few, so that it follows the load. */
const REMEMBERED = 9;

export interface UsualTime {
  /** Runs the work, and remembers how long it took. Work that fails is not remembered. */
  measure<T>(work: () => Promise<T>): Promise<T>;
  /** Milliseconds: the median of the last measurements, or null before the first. */
  median(): number | null;
}

/** How long a piece of work takes in these minutes, on this machine. */
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
