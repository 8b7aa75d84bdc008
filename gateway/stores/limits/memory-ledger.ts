import { LRUCache } from 'lru-cache';
import { atMost } from '../../workarounds/lru-cache-capacity.ts';
import { type Entry, settle } from './entry.ts';
import type { Grant, Report } from './ledger.ts';

/** Keys that are known at a time. The one that was not used for longest is forgotten: it is full again. */
const CAPACITY = 200_000;

/**
 * A ledger in this process's memory, for several holders.
 *
 * @param now the time in milliseconds, by a clock that is never set
 */
export function memoryLedger(now: () => number): (holder: string, reports: readonly Report[]) => Grant[] {
  const entries = new LRUCache<string, Entry>(atMost(CAPACITY));
  return (holder, reports) =>
    reports.map((report) => {
      const [entry, grant] = settle(entries.get(report.key), report, holder, now());
      entries.set(report.key, entry);
      return grant;
    });
}
