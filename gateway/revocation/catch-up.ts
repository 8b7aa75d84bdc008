import { setTimeout as pause } from 'node:timers/promises';
import type { StoreState } from '../ops/store-state.ts';
import type { Clock, ClockReading } from '../stores/database/clock.ts';
import type { Database } from '../stores/database/connection.ts';
import { type Place, readHead, revocationsAfter } from './history.ts';
import type { Mirror } from './mirror.ts';

/** Rows read at once: a million of them are filled in within seconds, and none of the steps holds up a request. */
const CHUNK = 10_000;
/** Milliseconds that one server of a database cluster may lag behind another from which Redis brought news already. */
const LAG = 200;

export interface CatchUp {
  /** Reads what the mirror has not got. Calls while it is under way wait for one more reading, so that none misses anything. */
  now(): Promise<void>;
}

/** Who hears of what is read beside the revocations. */
export interface CatchUpListener {
  /** The database has told its time. */
  onTime(reading: ClockReading): void;
  /** The history is not the one that was known: see `history.ts`. What it has is read anew, and has been by now. */
  onRewritten(known: Place, now: Place): void;
}

/**
 * Brings the mirror up to date from the database, which is the truth.
 *
 * @param clock the database's, which `onTime` sets
 * @throws GatewayError `service_unavailable` when the database is out; the mirror then has what had been read
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
  /** What was known before the history was another one, until that has been read. */
  let before: Place | null = null;

  const read = async () => {
    const asOf = performance.now();
    // Before the question: while it is under way, the feed may bring what was revoked after the answer.
    let known = mirror.place;
    try {
      let head = await readHead(database, known);
      if (known !== null && head.position < known.position) {
        await pause(LAG);
        known = mirror.place;
        head = await readHead(database, known);
      }
      listener.onTime(head.reading);
      if (known !== null && !head.hasKnown) {
        before ??= known;
        mirror.restart();
      }
      const place = { installation: head.installation, position: head.position, chain: head.chain };
      for (;;) {
        const from = mirror.place?.position ?? 0;
        if (from >= head.position) break;
        const rows = await revocationsAfter(database, from, { now: clock.now(), limit: CHUNK });
        for (const row of rows) mirror.apply(row);
        const last = rows.at(-1);
        if (last === undefined || rows.length < CHUNK) mirror.advance(place);
        else mirror.advance({ installation: head.installation, position: last.position, chain: last.chain ?? '' });
      }
      mirror.advance(place);
      mirror.confirm(asOf);
      state.up();
      if (before !== null) listener.onRewritten(before, place);
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
