import type { Account } from '../state.ts';

export interface CachedAccounts {
  /** The account, as it was at most `ttl` ms ago. Rejects when it is not known and the store is out. */
  findById(id: string): Promise<Account | null>;
  /** The account has changed: what is known of it, and what is being asked, is not to be used again. */
  forget(id: string): void;
}

/** Accounts kept at the most; the one that was asked for first goes first. */
const CAPACITY = 100_000;

/**
 * Keeps accounts for a moment, so that a request with a token costs no query, and those of the last seconds go on while
 * the store is out. Equal questions on the way are one.
 *
 * @param ttl milliseconds
 */
export function cachedAccounts(findById: (id: string) => Promise<Account | null>, ttl: number): CachedAccounts {
  const known = new Map<string, { account: Account; until: number }>();
  const asked = new Map<string, Promise<Account | null>>();

  const ask = (id: string): Promise<Account | null> => {
    const until = performance.now() + ttl;
    const answer = findById(id).then(
      (account) => {
        // Not when it was forgotten meanwhile: the answer may be from before the change.
        if (asked.get(id) === answer) {
          asked.delete(id);
          if (account !== null) keep(id, { account, until });
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

  const keep = (id: string, entry: { account: Account; until: number }) => {
    known.delete(id);
    known.set(id, entry);
    for (const oldest of known.keys()) {
      if (known.size <= CAPACITY) break;
      known.delete(oldest);
    }
  };

  return {
    async findById(id) {
      const entry = known.get(id);
      if (entry !== undefined && entry.until > performance.now()) return entry.account;
      known.delete(id);
      return await (asked.get(id) ?? ask(id));
    },
    forget(id) {
      known.delete(id);
      asked.delete(id);
    },
  };
}
