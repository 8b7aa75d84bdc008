/** How many retries a group of servers may still be given: an outage must not be multiplied by them. */
export interface RetryBudget {
  /** A request has come, which earns a share of a retry. */
  earn(): void;
  /** Spends one retry. @returns whether there was one left */
  spend(): boolean;
}

/** Retries that can be saved up, for the moment in which a server fails. */
const SAVED = 10;

/** @param percent retries for each hundred requests */
export function createRetryBudget(percent: number): RetryBudget {
  const share = percent / 100;
  let saved = percent === 0 ? 0 : SAVED;
  return {
    earn() {
      saved = Math.min(SAVED, saved + share);
    },
    spend() {
      if (saved < 1) return false;
      saved -= 1;
      return true;
    },
  };
}
