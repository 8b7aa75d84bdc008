import type { Logger } from '../ops/log.ts';
import type { FeedEntry } from './denylist.ts';
import type { Mirror } from './mirror.ts';

/** What becomes of the entries that Redis brings, and whether they are all that there is to know. */
export interface FollowedEntries {
  take(entry: FeedEntry): void;
  /** Entries may have been missed. */
  interrupted(): void;
  /** Whether nothing has been missed, and no entry waits for a reading of the database. */
  isWhole(): boolean;
  /** The database is about to be read. @returns to be called when it has been */
  beforeReading(): () => void;
}

/**
 * An entry that follows on the place where the mirror stands moves it on. Whatever else comes, the database has the last
 * word on it: one that is ahead, or late, or of a history that is none any more.
 *
 * @param lookNow has the database read
 */
export function followEntries(mirror: Mirror, log: Logger, lookNow: () => void): FollowedEntries {
  /** The last entry that waits for a reading of the database. */
  let awaited: FeedEntry | null = null;
  let interruptions = 0;
  let followsOn = false;
  let isForeignTold = false;

  const tellForeign = (installation: string) => {
    if (isForeignTold) return;
    isForeignTold = true;
    log.warn(
      { installation, own: mirror.place?.installation },
      'another installation writes to this Redis with the same redis.keyPrefix: what it says is left out; give each a prefix of its own',
    );
  };

  return {
    take(entry) {
      const { place } = mirror;
      const { installation, position, chain } = entry;
      if (place !== null && place.installation !== installation) return tellForeign(installation);
      if (place?.position === position && place.chain === chain) return;
      if (entry.kind !== 'mark') {
        // Also where it is of a history that was lost: what was revoked stays so.
        mirror.apply(entry);
        if (mirror.follow({ installation, position: position - 1, chain: entry.previous }, chain)) return;
      } else if (place !== null && position < place.position) {
        return;
      }
      if (place === null || position >= place.position) awaited = entry;
      lookNow();
    },
    interrupted() {
      interruptions += 1;
      followsOn = false;
    },
    isWhole: () => followsOn && awaited === null,
    beforeReading() {
      const before = { interruptions, awaited };
      return () => {
        if (before.interruptions === interruptions) followsOn = true;
        // It is in the database by now, or was never there.
        if (before.awaited === awaited) awaited = null;
      };
    },
  };
}
