/** How many requests a limit allows: `requests` at once, refilled evenly over `per` milliseconds (a token bucket). */
export interface LimitSize {
  readonly requests: number;
  readonly per: number;
}

/** What one process reports of one key since its last report, and what it asks for. All counts are of requests. */
export interface Report extends LimitSize {
  /** Names the limit and whose requests it counts. */
  readonly key: string;
  /** Used of what the process held ahead. */
  readonly spent: number;
  /** Used without having been granted. */
  readonly debt: number;
  /** Still held ahead. */
  readonly holds: number;
  /** Wanted for requests that wait for the answer. */
  readonly wants: number;
  /** Whether the process wants to hold some ahead. */
  readonly wantsAhead: boolean;
  /** What is left by the last grant, refilled since. */
  readonly known: number;
  /** The `epoch` of the last grant; empty: there was none. */
  readonly epoch: string;
}

/** The answer to a report. */
export interface Grant {
  /** For the requests that wait: at most `wants`. They count as used. */
  readonly granted: number;
  /** To be held for later requests. */
  readonly ahead: number;
  /** What is left for all processes; below 0: more was used than allowed. */
  readonly left: number;
  /** Milliseconds until one more request is allowed; 0: one is. */
  readonly wait: number;
  /** The processes that have reported of this key within `PRESENCE`. */
  readonly sharers: number;
  /** Changes when the ledger has lost the key. */
  readonly epoch: string;
}

/** Knows for each key what is left, and what each process holds of it. */
export interface Ledger {
  /** Settles reports of different keys. Rejects when the ledger does not answer. */
  settle(reports: readonly Report[]): Promise<readonly Grant[]>;
}

/** Milliseconds for which a process may use what it holds. Later it counts as used: the process may have died. */
export const LEASE = 5_000;
/** Milliseconds for which a process counts as a sharer after a report. */
export const PRESENCE = 60_000;
/** The part of a limit that all processes together may hold ahead; as much again may pass before it is reported. */
export const MARGIN = 1 / 40;
/** Absorbs the rounding of a refill: 1 must be 1 after `per`. */
export const ROUNDING = 1e-6;
/** The part of what is left that one process may take ahead at a time. */
export const AHEAD = 1 / 20;
