import { isBusy, isConnectionLost, isCrowded, isReadOnlyServer, isUnsent } from './failure.ts';

/** Milliseconds between two attempts while another process writes to the SQLite database, or other writers are in the way. */
const BUSY_PAUSE = 10;
/** Milliseconds between two attempts while the server takes no more connections; one of this process may be free sooner. */
const CROWDED_PAUSE = 50;

/** Milliseconds before the next attempt when others prevented this one, and nothing was executed; null: they did not. */
export function waitBefore(error: unknown): number | null {
  if (isBusy(error)) return BUSY_PAUSE;
  return isCrowded(error) ? CROWDED_PAUSE : null;
}

/** Whether a statement that failed with this error can be sent again safely, over another connection. */
export function mayBeSentAgain(error: unknown, isRead: boolean): boolean {
  // A dead pooled connection is detected by the next query on it. Only a read can be sent again.
  return isConnectionLost(error) ? isRead || isUnsent(error) : isReadOnlyServer(error);
}

/**
 * Whether a transaction that failed with this error can run again safely, over another connection: without a commit, it has
 * done nothing.
 *
 * @param isCommitting the commit may have been sent
 */
export function mayRunAgain(error: unknown, isCommitting: boolean): boolean {
  return isReadOnlyServer(error) || (isConnectionLost(error) && !isCommitting);
}
