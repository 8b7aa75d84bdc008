/** The times in which a gateway hardly got the processor, as on a machine that does much else. */
export interface Starvation {
  /** @param ms that each process has waited for a processor since the last call */
  waited(ms: Readonly<Record<string, number>>, at: number): void;
  /** Milliseconds in all. */
  total(): number;
}

/** Milliseconds over which waits are summed: the timeout of the database, within which a gateway must get its answer. */
const WINDOW = 2_000;
/** Milliseconds of waits of one process in the window from which on it is starved: three quarters of the time. */
const MOST = 1_500;

/** @param begins called when a process is starved; its result is called when none is any longer */
export function trackStarvation(begins: (at: number) => (end: number) => void): Starvation {
  let waits: { readonly ms: Readonly<Record<string, number>>; readonly at: number }[] = [];
  let present: { readonly since: number; readonly end: (at: number) => void } | null = null;
  let total = 0;
  const isStarved = () => {
    const sums = new Map<string, number>();
    for (const { ms } of waits) {
      for (const [process, wait] of Object.entries(ms)) sums.set(process, (sums.get(process) ?? 0) + wait);
    }
    return Math.max(0, ...sums.values()) > MOST;
  };
  return {
    waited(ms, at) {
      waits = [...waits, { ms, at }].filter((wait) => wait.at > at - WINDOW);
      if (isStarved()) {
        present ??= { since: at - WINDOW, end: begins(at - WINDOW) };
      } else if (present !== null) {
        present.end(at);
        total += at - present.since;
        present = null;
      }
    },
    total: () => total + (present === null ? 0 : (waits.at(-1)?.at ?? present.since) - present.since),
  };
}
