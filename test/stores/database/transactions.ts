import type { ExecutionContext } from 'ava';
import type { DatabaseLocation } from '../../../gateway/settings/schema/database-url.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { stopwatch } from '../../lab/waiting/stopwatch.ts';

export const TIMEOUT = 1_000;
/** Milliseconds that an answer may come later than asked for, on a machine under load. */
export const SLACK = 4_000;
export const OUT = { name: 'GatewayError', message: 'database unavailable' };

export interface TestDatabase {
  readonly database: Database;
  /** The same one, through connections of its own. */
  readonly other: Database;
}

export async function withTable(
  t: ExecutionContext,
  location: DatabaseLocation,
  timeout: number,
): Promise<TestDatabase> {
  const database = openDatabase(location, { timeout });
  const other = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => Promise.all([database.close(), other.close()]));
  await other.query(other.sql.raw('create table entries (id integer not null primary key, value integer)'));
  return { database, other };
}

export function insert(database: Database, id: number): Promise<void> {
  return database.transact(async ({ sql, query }) => {
    await query(sql('entries').insert({ id }));
  });
}

export function idsIn({ sql, query }: Database): Promise<number[]> {
  return query(sql('entries').orderBy('id').pluck('id'));
}

/** What is written on any of the pool's connections is there for others: none of them is left within a transaction. */
export async function eachConnectionIsClean(t: ExecutionContext, { database, other }: TestDatabase): Promise<void> {
  // Each of the ten keeps its connection busy, so that the next takes another one.
  const nap = { mysql: 'sleep(0.05)', postgres: 'length(pg_sleep(0.05)::text)', sqlite: '0' }[database.kind];
  const ids = Array.from({ length: 10 }, (_, i) => 1_000 + i);
  const write = (id: number) => database.sql.raw(`insert into entries (id, value) select ${id}, ${nap}`);
  await Promise.all(ids.map((id) => database.query<unknown>(write(id))));
  const seen = (await idsIn(other)).filter((id) => id >= 1_000);
  t.deepEqual(seen, ids);
  await other.query(other.sql('entries').where('id', '>=', 1_000).delete());
}

export async function inTime(t: ExecutionContext, work: () => Promise<unknown>): Promise<void> {
  const taken = stopwatch();
  await t.throwsAsync(work, OUT);
  t.true(taken() < TIMEOUT + SLACK, `${taken()} ms`);
}
