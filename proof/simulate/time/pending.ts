/** In whose name code runs: a process of a gateway, a store, or the clients. */
export interface Owner {
  readonly name: string;
  /** Its events never happen any more. */
  isDead: boolean;
  /** It is paused: its events happen when it resumes. */
  isPaused: boolean;
  /** Milliseconds by which its wall clock is ahead. */
  wallOffset: number;
}

/** An event that has not happened. */
export interface Pending {
  at: number;
  readonly owner: Owner;
  readonly kind: string;
  /** null: cancelled. */
  run: (() => void) | null;
}
