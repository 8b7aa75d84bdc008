import { LRUCache } from 'lru-cache';
import type { Account } from '../../domain/account.ts';
import type { MaybePromise } from '../../domain/maybe-promise.ts';
import { atMost } from '../../workarounds/lru-cache-capacity.ts';

export interface CachedAccounts {
  /** The account as it was at most `ttl` ms ago. Rejects when it is not cached and the store is unavailable. */
  findById(id: string): MaybePromise<Account | null>;
  /**
   * As `findById`, but waits for the store when the entry is due for renewal. For background checks, which run one after
   * another; not counted in `lookUps`.
   */
  findRenewed(id: string): MaybePromise<Account | null>;
  /** The account has changed: discards its entry and the result of a running look-up. */
  forget(id: string): void;
  /** Cache hits, and look-ups that waited for the store. */
  readonly lookUps: { readonly hits: number; readonly misses: number };
}

/** Maximum number of cached accounts. */
const CAPACITY = 100_000;

interface Entry {
  readonly account: Account;
  readonly until: number;
  renewAt: number;
}

/**
 * Caches accounts for a few seconds, so that a request with a token needs no query, and recently active clients continue
 * for a while when the store is unavailable. Concurrent look-ups of one account share one promise.
 *
 * Stale-while-revalidate in the second half of the TTL: active clients never wait for the store, and when an outage begins,
 * their entries are valid for half of the TTL at least, less the time that a renewal has already been under way.
 *
 * @param ttl milliseconds
 */
export function cachedAccounts(findById: (id: string) => Promise<Account | null>, ttl: number): CachedAccounts {
  const known = new LRUCache<string, Entry>(atMost(CAPACITY));
  const running = new Map<string, Promise<Account | null>>();
  const lookUps = { hits: 0, misses: 0 };

  const lookUp = (id: string): Promise<Account | null> => {
    const now = performance.now();
    const finding: Promise<Account | null> = findById(id).then(
      (account) => {
        // After `forget`, this result may be older than the change.
        if (running.get(id) === finding) {
          running.delete(id);
          if (account === null) known.delete(id);
          else known.set(id, { account, until: now + ttl, renewAt: now + ttl / 2 });
        }
        return account;
      },
      (error: unknown) => {
        if (running.get(id) === finding) running.delete(id);
        throw error;
      },
    );
    running.set(id, finding);
    return finding;
  };

  return {
    findById(id) {
      const now = performance.now();
      const entry = known.get(id);
      if (entry === undefined || entry.until <= now) {
        known.delete(id);
        lookUps.misses += 1;
        return running.get(id) ?? lookUp(id);
      }
      lookUps.hits += 1;
      if (entry.renewAt <= now) {
        // Renews once: if the store is unavailable, only the look-up after the TTL waits for it.
        entry.renewAt = Number.POSITIVE_INFINITY;
        lookUp(id).catch(() => {});
      }
      return entry.account;
    },
    findRenewed(id) {
      const now = performance.now();
      const entry = known.get(id);
      if (entry === undefined || entry.until <= now || entry.renewAt <= now) return running.get(id) ?? lookUp(id);
      return entry.account;
    },
    forget(id) {
      known.delete(id);
      running.delete(id);
    },
    lookUps,
  };
}
