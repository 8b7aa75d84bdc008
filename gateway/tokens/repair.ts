import type { Database } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import type { Logger } from '../ops/log.ts';
import type { StoreState } from '../ops/store-state.ts';
import type { Denylist } from './denylist.ts';
import type { Mirror } from './mirror.ts';
import { deniedIdsAfter } from './revocations.ts';

/** Keeps the denylist in Redis whole: what was lost, or never came there, is written anew from the database. */
export interface DenylistKeeper {
  /** Looks whether something is missing, and if so writes it. Told failures, it does not reject. */
  look(): Promise<void>;
  /** A revocation did not come into Redis, and later ones may: that cannot be seen there. */
  lost(): void;
}

/** Ids read and written at once. */
const CHUNK = 5_000;
/** Milliseconds for which one process is the only one to repair. */
const CLAIM = 30_000;

export function keepDenylist(
  database: Database,
  mirror: Mirror,
  { denylist, state }: { readonly denylist: Denylist; readonly state: StoreState },
  log: Logger,
): DenylistKeeper {
  let isLost = false;
  let behindAt: number | null = null;

  /** Whether the stream lacks what was known at the look before: what is younger may just be on its way. */
  const isBehind = (newest: number | null, position: number): boolean => {
    const wasBehindAt = behindAt;
    behindAt = newest !== null && newest >= position ? null : position;
    if (behindAt === null || wasBehindAt === null || wasBehindAt > position) return false;
    return newest === null || newest < wasBehindAt;
  };

  return {
    lost() {
      isLost = true;
    },
    async look() {
      if (!state.isUp) return;
      const { position } = mirror;
      const wasLost = isLost;
      try {
        if (!isBehind(await denylist.newest(), position) && !wasLost) return;
        isLost = false;
        const repaired = await repairDenylist(database, denylist, position);
        if (repaired) log.info({ position }, 'denylist written anew');
        else isLost ||= wasLost;
      } catch (error) {
        isLost ||= wasLost;
        // A failure of the database is reported by the catch-up, which asks it all the time.
        if (!(error instanceof GatewayError)) state.down(error);
      }
    },
  };
}

/**
 * Writes the whole denylist anew from the database, and marks it as whole up to `position`.
 *
 * @returns whether it was this process's to do; if not, another one is at it
 */
export async function repairDenylist(database: Database, denylist: Denylist, position: number): Promise<boolean> {
  if (!(await denylist.claimRepair(CLAIM))) return false;
  try {
    let last = '';
    for (;;) {
      const ids = await deniedIdsAfter(database, last, { now: Date.now(), limit: CHUNK });
      await denylist.deny(ids);
      const end = ids.at(-1);
      if (end === undefined || ids.length < CHUNK) break;
      last = end.jti;
    }
    await denylist.mark(position);
    return true;
  } finally {
    // Where Redis is out, the claim ends by itself.
    await denylist.releaseRepair().catch(() => {});
  }
}
