import type { Account } from '../../domain/account.ts';
import type { MaybePromise } from '../../domain/maybe-promise.ts';

export interface CachedAccounts {
  /** The account, as it was at most `ttl` ms ago. Rejects when it is not known and the store is out. */
  findById(id: string): MaybePromise<Account | null>;
  /**
   * As `findById`, but where the account is to be asked for again, waits for the answer: for those who look on by
   * themselves, one after another, and not all at once. Not counted as a look-up.
   */
  findRenewed(id: string): MaybePromise<Account | null>;
  /** The account has changed: what is known of it, and what is being asked, is not to be used again. */
  forget(id: string): void;
  /** Questions that were answered from here, and those that had to wait for the store. */
  readonly lookUps: { readonly hits: number; readonly misses: number };
}

/** Accounts kept at the most; the one that was asked for first goes first. */
const CAPACITY = 100_000;

interface Known {
  readonly account: Account;
  readonly until: number;
  renewAt: number;
}

/**
 * Keeps accounts for a moment, so that a request with a token costs no query, and those of the last seconds go on while
 * the store is out. Equal questions on the way are one.
 *
 * Whoever comes in the second half of that moment has the account asked for again, without waiting: so those who come
 * all the time never wait, and have half of it left at least when an outage begins.
 *
 * @param ttl milliseconds
 */
export function cachedAccounts(findById: (id: string) => Promise<Account | null>, ttl: number): CachedAccounts {
  const known = new Map<string, Known>();
  const asked = new Map<string, Promise<Account | null>>();
  const lookUps = { hits: 0, misses: 0 };

  const ask = (id: string): Promise<Account | null> => {
    const now = performance.now();
    const answer = findById(id).then(
      (account) => {
        // Not when it was forgotten meanwhile: the answer may be from before the change.
        if (asked.get(id) === answer) {
          asked.delete(id);
          known.delete(id);
          if (account !== null) keep(id, { account, until: now + ttl, renewAt: now + ttl / 2 });
        }
        return account;
      },
      (error: unknown) => {
        if (asked.get(id) === answer) asked.delete(id);
        throw error;
      },
    );
    asked.set(id, answer);
    return answer;
  };

  const keep = (id: string, entry: Known) => {
    known.set(id, entry);
    for (const oldest of known.keys()) {
      if (known.size <= CAPACITY) break;
      known.delete(oldest);
    }
  };

  return {
    findById(id) {
      const now = performance.now();
      const entry = known.get(id);
      if (entry === undefined || entry.until <= now) {
        known.delete(id);
        lookUps.misses += 1;
        return asked.get(id) ?? ask(id);
      }
      lookUps.hits += 1;
      if (entry.renewAt <= now) {
        // Once: where the store is out, the next question is the one that waits for the answer.
        entry.renewAt = Number.POSITIVE_INFINITY;
        ask(id).catch(() => {});
      }
      return entry.account;
    },
    findRenewed(id) {
      const now = performance.now();
      const entry = known.get(id);
      if (entry === undefined || entry.until <= now || entry.renewAt <= now) return asked.get(id) ?? ask(id);
      return entry.account;
    },
    forget(id) {
      known.delete(id);
      asked.delete(id);
    },
    lookUps,
  };
}
