import type { Database } from '../database/connection.ts';
import type { StoreState } from '../ops/store-state.ts';
import type { Mirror } from './mirror.ts';
import { headPosition, revocationsAfter } from './revocations.ts';

/** Rows read at once: a million of them are filled in within seconds, and none of the steps holds up a request. */
const CHUNK = 10_000;

export interface CatchUp {
  /** Reads what the mirror has not got. Calls while it is under way wait for one more reading, so that none misses anything. */
  now(): Promise<void>;
}

/**
 * Brings the mirror up to date from the database, which is the truth.
 *
 * @throws GatewayError `service_unavailable` when the database is out; the mirror then has what had been read
 */
export function createCatchUp(database: Database, mirror: Mirror, state: Pick<StoreState, 'up' | 'down'>): CatchUp {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  const read = async () => {
    const asOf = performance.now();
    // Before the question: while it is under way, the feed may bring what was revoked after the answer.
    const known = mirror.position;
    try {
      const head = await headPosition(database);
      // The database was restored from an older copy, or a replica took over that lacked the last transactions.
      if (head < known) mirror.restart();
      while (mirror.position < head) {
        const rows = await revocationsAfter(database, mirror.position, { now: Date.now(), limit: CHUNK });
        for (const row of rows) mirror.apply(row);
        mirror.advance(rows.length < CHUNK ? head : (rows.at(-1)?.position ?? head));
      }
      mirror.confirm(asOf);
      state.up();
    } catch (error) {
      state.down(error);
      throw error;
    }
  };

  const start = (): Promise<void> => {
    const reading = read().finally(() => {
      running = null;
    });
    running = reading;
    return reading;
  };

  return {
    now() {
      if (running === null) return start();
      next ??= running
        .catch(() => {})
        .then(() => {
          next = null;
          return start();
        });
      return next;
    },
  };
}
