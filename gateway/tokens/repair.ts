import type { Database } from '../database/connection.ts';
import type { Denylist } from './denylist.ts';
import { deniedIdsAfter } from './revocations.ts';

/** Ids read and written at once. */
const CHUNK = 5_000;
/** Milliseconds for which one process is the only one to repair. */
const CLAIM = 30_000;

/**
 * Writes the whole denylist anew from the database, and marks it as whole up to `position`.
 *
 * @returns whether it was this process's to do; if not, another one is at it
 */
export async function repairDenylist(database: Database, denylist: Denylist, position: number): Promise<boolean> {
  if (!(await denylist.claimRepair(CLAIM))) return false;
  let last = '';
  for (;;) {
    const ids = await deniedIdsAfter(database, last, { now: Date.now(), limit: CHUNK });
    await denylist.deny(ids);
    const end = ids.at(-1);
    if (end === undefined || ids.length < CHUNK) break;
    last = end.jti;
  }
  await denylist.mark(position);
  await denylist.releaseRepair();
  return true;
}
