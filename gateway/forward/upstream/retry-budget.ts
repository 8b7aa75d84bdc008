/** How many retries a group of servers may still be given: an outage must not be multiplied by them. */
export interface RetryBudget {
  /** A request has come, which earns a share of a retry. */
  earn(): void;
  /** Whether there is a retry left. To be asked before a server is chosen for one, who then counts on getting it. */
  hasRetry(): boolean;
  /** A retry is made. */
  spend(): void;
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
    hasRetry: () => saved >= 1,
    spend() {
      saved -= 1;
    },
  };
}
