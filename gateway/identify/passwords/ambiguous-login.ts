import type { Logger } from '../../ops/log.ts';

/** Sets of accounts that are remembered as logged. */
const MOST_LOGGED = 1_000;

/**
 * Warns that several accounts of an application's table have the same login, so that nobody can log in with it. Otherwise
 * somebody who takes the user name or the phone number of another would lock the other out unseen.
 *
 * @returns called with the ids of the accounts; logs a line for each set of accounts, once
 */
export function ambiguityWarning(log: Logger): (ids: readonly string[]) => void {
  const logged = new Set<string>();
  return (ids) => {
    const key = JSON.stringify(ids.toSorted());
    if (logged.has(key) || logged.size >= MOST_LOGGED) return;
    logged.add(key);
    log.warn({ accounts: ids }, 'several accounts have the same login: nobody can log in with it');
  };
}
