import { LRUCache } from 'lru-cache';
import type { Account } from '../../domain/account.ts';
import type { MaybePromise } from '../../domain/maybe-promise.ts';

export interface CachedAccounts {
  /** The account as it was at most `ttl` ms ago. Rejects when it is not cached and the store is out. */
  findById(id: string): MaybePromise<Account | null>;
  /**
   * As `findById`, but waits for the store where the entry is due for renewal: for background checks, which run one after
   * another. Not counted as a look-up.
   */
  findRenewed(id: string): MaybePromise<Account | null>;
  /** The account has changed: discards its entry and the result of a look-up under way. */
  forget(id: string): void;
  /** Cache hits, and look-ups that waited for the store. */
  readonly lookUps: { readonly hits: number; readonly misses: number };
}

/** Most accounts kept. */
const CAPACITY = 100_000;

interface Entry {
  readonly account: Account;
  readonly until: number;
  renewAt: number;
}

/**
 * Caches accounts for a moment, so that a request with a token costs no query, and requests of the last seconds continue
 * while the store is out. Concurrent look-ups of one account share one promise.
 *
 * Stale-while-revalidate in the second half of the TTL: active clients never wait, and have at least half of it left when an
 * outage begins.
 *
 * @param ttl milliseconds
 */
export function cachedAccounts(findById: (id: string) => Promise<Account | null>, ttl: number): CachedAccounts {
  const known = new LRUCache<string, Entry>({ max: CAPACITY });
  const underWay = new Map<string, Promise<Account | null>>();
  const lookUps = { hits: 0, misses: 0 };

  const lookUp = (id: string): Promise<Account | null> => {
    const now = performance.now();
    const finding: Promise<Account | null> = findById(id).then(
      (account) => {
        // A result that was forgotten meanwhile may be from before the change.
        if (underWay.get(id) === finding) {
          underWay.delete(id);
          if (account === null) known.delete(id);
          else known.set(id, { account, until: now + ttl, renewAt: now + ttl / 2 });
        }
        return account;
      },
      (error: unknown) => {
        if (underWay.get(id) === finding) underWay.delete(id);
        throw error;
      },
    );
    underWay.set(id, finding);
    return finding;
  };

  return {
    findById(id) {
      const now = performance.now();
      const entry = known.get(id);
      if (entry === undefined || entry.until <= now) {
        known.delete(id);
        lookUps.misses += 1;
        return underWay.get(id) ?? lookUp(id);
      }
      lookUps.hits += 1;
      if (entry.renewAt <= now) {
        // Once: where the store is out, only the look-up after the TTL waits for it.
        entry.renewAt = Number.POSITIVE_INFINITY;
        lookUp(id).catch(() => {});
      }
      return entry.account;
    },
    findRenewed(id) {
      const now = performance.now();
      const entry = known.get(id);
      if (entry === undefined || entry.until <= now || entry.renewAt <= now) return underWay.get(id) ?? lookUp(id);
      return entry.account;
    },
    forget(id) {
      known.delete(id);
      underWay.delete(id);
    },
    lookUps,
  };
}
