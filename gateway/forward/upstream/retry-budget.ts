/** Limits the retries at a group of servers: they must not multiply the load in an outage. */
export interface RetryBudget {
  /** Adds the share of a retry that each request earns. */
  earn(): void;
  /** Whether a retry is left. Must be called before a server is chosen for it: a chosen server must get a request. */
  hasRetry(): boolean;
  /** Takes a retry off the budget. */
  spend(): void;
}

/** Most retries that can be saved, for the moment in which a server fails. */
const SAVED = 10;

/** @param percent retries for each hundred requests */
export function createRetryBudget(percent: number): RetryBudget {
  const share = percent / 100;
  let saved = percent === 0 ? 0 : SAVED;
  return {
    earn() {
      saved = Math.min(SAVED, saved + share);
    },
    hasRetry: () => saved >= 1,
    spend() {
      saved -= 1;
    },
  };
}
