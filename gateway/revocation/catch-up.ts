import { setTimeout as pause } from 'node:timers/promises';
import type { StoreState } from '../ops/store-state.ts';
import type { Clock, ClockReading } from '../stores/database/clock.ts';
import type { Database } from '../stores/database/connection.ts';
import { type LogPosition, readHead, revocationsAfter } from './history.ts';
import type { Mirror } from './mirror.ts';

/** Rows per read: a million rows take seconds, and no step delays a request noticeably. */
const CHUNK = 10_000;
/** Milliseconds of replication lag that are tolerated: Redis may deliver an entry before this database server has it. */
const LAG = 200;

export interface CatchUp {
  /**
   * Reads the revocations that the mirror lacks. A call while a read runs waits for one more read: the running one may
   * miss recent revocations.
   */
  now(): Promise<void>;
}

/** Receives the results of each read besides revocations. */
export interface CatchUpListener {
  /** The time of the database. */
  onTime(reading: ClockReading): void;
  /** The history was rewritten (see `history.ts`), and the mirror has read it again in full. */
  onRewritten(known: LogPosition, now: LogPosition): void;
}

/**
 * Updates the mirror from the database, which is authoritative.
 *
 * @param clock the database's clock, which `onTime` sets
 * @throws GatewayError `service_unavailable` when the database is unavailable; the mirror keeps what has been read so far
 */
export function createCatchUp(
  database: Database,
  mirror: Mirror,
  state: Pick<StoreState, 'up' | 'down'>,
  clock: Clock,
  listener: CatchUpListener,
): CatchUp {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  /** The last known position of the old history, until the new one has been read. */
  let before: LogPosition | null = null;

  const read = async () => {
    const asOf = performance.now();
    // Captured before the query: the feed may deliver revocations during it that its result lacks.
    let known = mirror.completeTo;
    try {
      let head = await readHead(database, known);
      if (known !== null && head.position < known.position) {
        await pause(LAG);
        known = mirror.completeTo;
        head = await readHead(database, known);
      }
      listener.onTime(head.reading);
      if (known !== null && !head.hasKnown) {
        before ??= known;
        mirror.restart();
      }
      const newest = { installation: head.installation, position: head.position, chain: head.chain };
      for (;;) {
        const from = mirror.completeTo?.position ?? 0;
        if (from >= head.position) break;
        const rows = await revocationsAfter(database, from, { now: clock.now(), limit: CHUNK });
        for (const row of rows) mirror.apply(row);
        const last = rows.at(-1);
        if (last === undefined || rows.length < CHUNK) mirror.advance(newest);
        else mirror.advance({ installation: head.installation, position: last.position, chain: last.chain ?? '' });
      }
      mirror.advance(newest);
      mirror.confirm(asOf);
      state.up();
      if (before !== null) listener.onRewritten(before, newest);
      before = null;
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
