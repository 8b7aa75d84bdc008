import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from './connection.ts';

/** The time in whole milliseconds since 1970. */
export interface Clock {
  now(): number;
}

/**
 * The time of the database. Tokens, revocations and sessions use it, so that all nodes agree even if their own clocks differ.
 * Between two readings, the monotonic clock of the process advances it, also while the database is unavailable.
 */
export interface DatabaseClock extends Clock {
  /** Adjusts the clock by a reading. */
  set(reading: ClockReading): void;
}

/** A reading of the time of a store. All in milliseconds. */
export interface ClockReading {
  /** Since 1970, by the store. */
  readonly time: number;
  /** The clocks of this process before the query was sent. */
  readonly asked: Moment;
  /** The clocks of this process when the answer arrived. */
  readonly answered: Moment;
}

export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/**
 * Milliseconds that records of tokens, revocations and sessions are kept after they expire. A day tolerates a correction of
 * the database's clock, and a replacement server with another clock.
 */
export const KEPT_BEYOND_END = 24 * 3_600_000;

export function momentNow(): Moment {
  return { monotonic: performance.now(), wall: Date.now() };
}

/** The present time of the database in ms since 1970, as an SQL expression. */
export function timeExpression(kind: Database['kind']): string {
  switch (kind) {
    case 'mysql':
      return 'cast(unix_timestamp(sysdate(3)) * 1000 as signed)';
    case 'postgres':
      // Not `now()`, which is the start of the transaction.
      return 'cast(floor(extract(epoch from clock_timestamp()) operator(pg_catalog.*) 1000) as bigint)';
    case 'sqlite':
      return "cast(round((julianday('now') - 2440587.5) * 86400000) as integer)";
  }
}

/** Until the first reading, the clock shows the time of the process. */
export function createDatabaseClock(): DatabaseClock {
  /** The database's time when the monotonic clock is 0. */
  let origin: number | null = null;
  return {
    now: () => Math.floor(origin === null ? Date.now() : origin + performance.now()),
    set({ time, asked, answered }) {
      // The database read its clock between query and answer: an origin within these bounds is right.
      const earliest = time - answered.monotonic;
      const latest = time + 1 - asked.monotonic;
      origin = origin === null ? (earliest + latest) / 2 : Math.min(Math.max(origin, earliest), latest);
    },
  };
}

/**
 * Reads the time once.
 *
 * @throws GatewayError `service_unavailable` when the database is unavailable
 */
export async function readDatabaseClock({ sql, query, kind }: Database): Promise<DatabaseClock> {
  const clock = createDatabaseClock();
  const asked = momentNow();
  const [row] = await query(sql.select<{ time: number }[]>(sql.raw(`${timeExpression(kind)} as time`)));
  if (row !== undefined) clock.set({ time: Number(row.time), asked, answered: momentNow() });
  return clock;
}

/**
 * Milliseconds by which the clock of this process is ahead of the store's (negative: behind), at least: the duration of the
 * query leaves a margin.
 */
export function differenceOf({ time, asked, answered }: ClockReading): number {
  if (asked.wall > time) return asked.wall - time;
  return Math.min(0, answered.wall - time);
}

/** Waits until `moment`, at most `most` milliseconds. Loops because a timer can fire before the clock reaches it. */
export async function waitUntil(moment: number, clock: Clock, most: number): Promise<void> {
  const end = Math.min(moment, clock.now() + most);
  for (let now = clock.now(); now < end; now = clock.now()) await pause(end - now);
}
