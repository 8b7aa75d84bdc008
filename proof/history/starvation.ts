/** The times in which the gateways hardly got the processor, as on a machine that does much else. */
export interface Starvation {
  /** @param ms that a process has waited for a processor since the last call */
  waited(ms: number, at: number): void;
  /** Milliseconds in all. */
  total(): number;
}

/** Milliseconds over which waits are summed: the timeout of the database, within which a gateway must get its answer. */
const WINDOW = 2_000;
/** Milliseconds of waits in the window from which on the gateways are starved: half of the time. */
const MOST = 1_000;

/** @param begins called when the gateways are starved; its result is called when they are no longer */
export function trackStarvation(begins: (at: number) => (end: number) => void): Starvation {
  let waits: { readonly ms: number; readonly at: number }[] = [];
  let present: { readonly since: number; readonly end: (at: number) => void } | null = null;
  let total = 0;
  return {
    waited(ms, at) {
      waits = [...waits, { ms, at }].filter((wait) => wait.at > at - WINDOW);
      const isStarved = waits.reduce((sum, wait) => sum + wait.ms, 0) > MOST;
      if (isStarved) {
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
