import type { Database } from './connection.ts';

/** Tells the time in milliseconds since 1970, whole ones. */
export interface Clock {
  now(): number;
}

/**
 * The database's time, as this process last heard of it. Tokens, revocations and sessions are dated and judged by it, so
 * that all nodes agree whatever their own clocks say. Between two readings the monotonic clock of the process goes on
 * from it, also while the database is out.
 */
export interface DatabaseClock extends Clock {
  /** Takes in one reading. */
  set(reading: ClockReading): void;
}

/** What a store said that the time is. All in milliseconds. */
export interface ClockReading {
  /** Since 1970, by the store. */
  readonly time: number;
  /** By `performance.now()` and by the clock of this process, before the question was sent. */
  readonly asked: Moment;
  /** The same when the answer had come. */
  readonly answered: Moment;
}

export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/**
 * Milliseconds for which records of tokens, revocations and sessions are kept beyond their end. A day covers a database
 * whose own clock is set, or that is replaced by one whose clock is another.
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
    case 'sqlite':
      return "cast(round((julianday('now') - 2440587.5) * 86400000) as integer)";
  }
}

/** Tells the time of the process until it has been set. */
export function createDatabaseClock(): DatabaseClock {
  /** What the database's clock says at 0 of the monotonic one. */
  let origin: number | null = null;
  return {
    now: () => Math.floor(origin === null ? Date.now() : origin + performance.now()),
    set({ time, asked, answered }) {
      // The time was read between question and answer: where what is known lies in between, there is nothing to mend.
      const earliest = time - answered.monotonic;
      const latest = time + 1 - asked.monotonic;
      origin = origin === null ? (earliest + latest) / 2 : Math.min(Math.max(origin, earliest), latest);
    },
  };
}

/**
 * Asks for the time.
 *
 * @throws GatewayError `service_unavailable` when the database is out
 */
export async function readDatabaseClock({ sql, ask, kind }: Database): Promise<DatabaseClock> {
  const clock = createDatabaseClock();
  const asked = momentNow();
  const [row] = await ask(sql.select<{ time: number }[]>(sql.raw(`${timeExpression(kind)} as time`)));
  if (row !== undefined) clock.set({ time: Number(row.time), asked, answered: momentNow() });
  return clock;
}

/**
 * How far, in ms, the clock of this process is ahead of the store's (negative: behind it), as far as the time that the
 * question took leaves no doubt.
 */
export function differenceOf({ time, asked, answered }: ClockReading): number {
  if (asked.wall > time) return asked.wall - time;
  return Math.min(0, answered.wall - time);
}
