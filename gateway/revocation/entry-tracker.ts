import type { Logger } from '../ops/log.ts';
import type { FeedEntry } from './denylist.ts';
import type { Mirror } from './mirror.ts';

/** Applies entries of the Redis stream to the mirror, and tracks whether any are missing. */
export interface EntryTracker {
  handle(entry: FeedEntry): void;
  /** Entries may have been missed. */
  interrupted(): void;
  /** Whether no entry was missed, and none waits for a read of the database. */
  isComplete(): boolean;
  /** Call before a read of the database. @returns call this after the read */
  beforeReading(): () => void;
}

/**
 * An entry that directly follows the mirror's position advances it. For every other entry (ahead, late, or of an old history),
 * the database is read and decides.
 *
 * @param readDatabase starts a read of the database
 */
export function trackEntries(mirror: Mirror, log: Logger, readDatabase: () => void): EntryTracker {
  /** The last entry that needs a read of the database. */
  let awaited: FeedEntry | null = null;
  let interruptions = 0;
  let isContinuous = false;
  let hasWarned = false;

  const warnOfForeign = (installation: string) => {
    if (hasWarned) return;
    hasWarned = true;
    log.warn(
      { installation, own: mirror.installation },
      'another installation writes to this Redis with the same redis.keyPrefix: its entries are ignored; give each its own prefix',
    );
  };

  return {
    handle(entry) {
      const { completeTo } = mirror;
      const { installation, position, chain } = entry;
      // Also while the history is read again.
      if (mirror.installation !== null && mirror.installation !== installation) return warnOfForeign(installation);
      if (completeTo?.position === position && completeTo.chain === chain) return;
      if (entry.kind !== 'mark') {
        // Also entries of a lost history: a revocation is never undone.
        mirror.apply(entry);
        if (mirror.follow({ installation, position: position - 1, chain: entry.previous }, chain)) return;
      } else if (completeTo !== null && position < completeTo.position) {
        return;
      }
      if (completeTo === null || position >= completeTo.position) awaited = entry;
      readDatabase();
    },
    interrupted() {
      interruptions += 1;
      isContinuous = false;
    },
    isComplete: () => isContinuous && awaited === null,
    beforeReading() {
      const before = { interruptions, awaited };
      return () => {
        if (before.interruptions === interruptions) isContinuous = true;
        // The read has covered this entry: it is in the database, or belongs to a lost history.
        if (before.awaited === awaited) awaited = null;
      };
    },
  };
}
