import { GatewayError } from '../domain/errors.ts';
import type { Logger } from '../ops/log.ts';
import type { StoreState } from '../ops/store-state.ts';
import type { Clock } from '../stores/database/clock.ts';
import type { Database } from '../stores/database/connection.ts';
import type { Denylist } from './denylist.ts';
import type { Place } from './history.ts';
import type { Mirror } from './mirror.ts';
import { deniedIdsAfter } from './revocations.ts';

/** Keeps the denylist in Redis whole: what was lost, or never came there, is written anew from the database. */
export interface DenylistKeeper {
  /** Looks whether something is missing, and if so writes it. Told failures, it does not reject. */
  look(): Promise<void>;
  /** Something did not come into Redis, or is to be written anew, which cannot be seen there. */
  lost(): void;
}

/** Ids read and written at once, between two looks at the claim. */
const CHUNK = 500;
/** Milliseconds after which the claim of a process that repairs and has gone silent ends. */
const CLAIM = 30_000;

export function keepDenylist(
  database: Database,
  mirror: Mirror,
  { denylist, state }: { readonly denylist: Denylist; readonly state: StoreState },
  clock: Clock,
  log: Logger,
): DenylistKeeper {
  let isLost = false;
  let missed: Place | null = null;

  /** Whether the stream lacks what was known at the look before: what is younger may just be on its way. */
  const isBehind = (newest: Place | null, place: Place): boolean => {
    const before = missed;
    missed = lacks(newest, place) ? place : null;
    return missed !== null && before !== null && before.position <= place.position && lacks(newest, before);
  };

  return {
    lost() {
      isLost = true;
    },
    async look() {
      const { place } = mirror;
      if (!state.isUp || place === null) return;
      const wasLost = isLost;
      try {
        if (!isBehind(await denylist.newest(place.installation), place) && !wasLost) return;
        isLost = false;
        const repaired = await repairDenylist(database, denylist, place, clock);
        if (repaired) log.info({ position: place.position }, 'denylist written anew');
        else isLost ||= wasLost;
      } catch (error) {
        isLost ||= wasLost;
        // A failure of the database is reported by the catch-up, which asks it all the time.
        if (!(error instanceof GatewayError)) state.down(error);
      }
    },
  };
}

/** Of another history is what has the same position and another chain. */
function lacks(newest: Place | null, { position, chain }: Place): boolean {
  return newest === null || newest.position < position || (newest.position === position && newest.chain !== chain);
}

/**
 * Writes the whole denylist anew from the database, and marks it as whole up to `place`.
 *
 * @returns whether this process did it; if not, another one is at it, or has taken over where Redis was too slow for this
 */
export async function repairDenylist(
  database: Database,
  denylist: Denylist,
  place: Place,
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
    await denylist.mark(place);
    return true;
  } finally {
    // Where Redis is out, the claim ends by itself.
    await claim.release().catch(() => {});
  }
}
