import { GatewayError } from '../domain/errors.ts';
import type { Logger } from '../ops/log.ts';
import type { StoreState } from '../ops/store-state.ts';
import type { Clock } from '../stores/database/clock.ts';
import type { Database } from '../stores/database/connection.ts';
import type { Denylist } from './denylist.ts';
import type { LogPosition } from './history.ts';
import type { Mirror } from './mirror.ts';
import { deniedIdsAfter } from './revocations.ts';

/** Keeps the denylist in Redis complete: rewrites it from the database when entries were lost or never written. */
export interface DenylistRepair {
  /** Checks whether entries are missing, and rewrites the denylist if so. Reports failures and never rejects. */
  checkDenylist(): Promise<void>;
  /** Requests a rewrite after a loss that `checkDenylist` cannot detect: this process has not written something. */
  requestRepair(): void;
  /** The stream in Redis has lost entries, and the denylist may have, too: one of the processes rewrites it. Never rejects. */
  streamLost(): Promise<void>;
}

/** Ids written between two renewals of the lock. */
const CHUNK = 500;
/** TTL of the lock in milliseconds, for when its holder dies. */
const CLAIM = 30_000;

export function createDenylistRepair(
  database: Database,
  mirror: Mirror,
  { denylist, state }: { readonly denylist: Denylist; readonly state: StoreState },
  clock: Clock,
  log: Logger,
): DenylistRepair {
  let isRequested = false;
  let missed: LogPosition | null = null;

  /** Whether the stream lacks a position that was known at the previous check already. Newer entries may still be in flight. */
  const isBehind = (newest: LogPosition | null, upTo: LogPosition): boolean => {
    const before = missed;
    missed = lacks(newest, upTo) ? upTo : null;
    return missed !== null && before !== null && before.position <= upTo.position && lacks(newest, before);
  };

  return {
    requestRepair() {
      isRequested = true;
    },
    async streamLost() {
      try {
        if (mirror.completeTo !== null) await denylist.unmark(mirror.completeTo.installation);
      } catch {
        isRequested = true;
      }
    },
    async checkDenylist() {
      const { completeTo } = mirror;
      if (!state.isUp || completeTo === null) return;
      const wasRequested = isRequested;
      try {
        const isBehindNow = isBehind(await denylist.newest(completeTo.installation), completeTo);
        if ((await denylist.isMarked(completeTo.installation)) && !isBehindNow && !wasRequested) return;
        isRequested = false;
        const repaired = await repairDenylist(database, denylist, completeTo, clock);
        if (repaired) log.info({ position: completeTo.position }, 'denylist rewritten from the database');
        else isRequested ||= wasRequested;
      } catch (error) {
        isRequested ||= wasRequested;
        // Failures of the database are reported by the catch-up.
        if (!(error instanceof GatewayError)) state.down(error);
      }
    },
  };
}

/** The same position with another chain belongs to another history. */
function lacks(newest: LogPosition | null, { position, chain }: LogPosition): boolean {
  return newest === null || newest.position < position || (newest.position === position && newest.chain !== chain);
}

/**
 * Rewrites the denylist from the database, and marks it as complete up to `upTo`.
 *
 * @returns whether this process did it; false: another process holds the lock, or took it over from this one
 */
export async function repairDenylist(
  database: Database,
  denylist: Denylist,
  upTo: LogPosition,
  clock: Clock,
): Promise<boolean> {
  const claim = await denylist.claimRepair(CLAIM);
  if (claim === null) return false;
  try {
    let last = '';
    for (;;) {
      const ids = await deniedIdsAfter(database, last, { now: clock.now(), limit: CHUNK });
      await denylist.deny(ids);
      if (!(await claim.renew(CLAIM))) return false;
      const end = ids.at(-1);
      if (end === undefined || ids.length < CHUNK) break;
      last = end.jti;
    }
    await denylist.mark(upTo);
    return true;
  } finally {
    // If Redis is unavailable, the lock expires.
    await claim.release().catch(() => {});
  }
}
