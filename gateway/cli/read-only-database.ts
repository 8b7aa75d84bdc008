import { setTimeout as pause } from 'node:timers/promises';
import { loadWithoutSecrets, type SettingsWithoutSecrets } from '../settings/read/load.ts';
import { type Database, openDatabase } from '../stores/database/connection.ts';
import { explained, type OpenDatabase, requireFile } from './with-database.ts';

type DatabaseSettings = SettingsWithoutSecrets['database'];

/** Milliseconds for each query: some scan a whole table, and only the operator waits for them. */
const READ_LIMIT = 10 * 60_000;
/** Milliseconds between two pings while a query runs. */
const WATCH_PAUSE = 1_000;
/** Pings in a row that fail before the database counts as hung: one may fail where the server is busy. */
const MOST_MISSED = 3;
/** Milliseconds for an orderly close. */
const CLOSE_LIMIT = 500;

/**
 * As `withDatabase`, but read-only, with any schema, and with a long limit for each query. Fails soon all the same when the
 * database is down or stops to answer, since another connection asks it meanwhile.
 *
 * @throws OperatorError
 */
export async function withReadOnlyDatabase(file: string, work: (open: OpenDatabase) => Promise<void>): Promise<void> {
  const settings = loadWithoutSecrets(file, process.env);
  await readingDatabase(`database.url of ${file}`, settings.database, (database) => work({ settings, database }));
}

/**
 * The same for a database by itself.
 *
 * @param named what names the database, for errors
 * @throws OperatorError
 */
export async function readingDatabase(
  named: string,
  settings: DatabaseSettings,
  work: (database: Database) => Promise<void>,
): Promise<void> {
  requireFile(named, settings.url);
  const watch = openDatabase(settings.url, { ...settings, readOnly: true });
  const database = openDatabase(settings.url, { ...settings, timeout: READ_LIMIT, readOnly: true });
  const done = new AbortController();
  try {
    await watch.ping();
    endQueriesWithProcess(watch, database, done.signal);
    await Promise.race([work(database), untilHung(watch, done.signal)]);
  } catch (error) {
    throw explained(named, error);
  } finally {
    done.abort();
    await Promise.all([watch.close(CLOSE_LIMIT), database.close(CLOSE_LIMIT)]);
  }
}

/** Rejects when the database has not answered for a while; else never settles. SQLite answers only between two queries. */
async function untilHung(database: Database, signal: AbortSignal): Promise<never> {
  for (let missed = 0; !signal.aborted && database.kind !== 'sqlite'; ) {
    await pause(WATCH_PAUSE, undefined, { ref: false, signal }).catch(() => {});
    const failure = await database.ping().then(
      () => null,
      (error: unknown) => ({ error }),
    );
    missed = failure === null ? 0 : missed + 1;
    if (failure !== null && missed === MOST_MISSED && !signal.aborted) throw failure.error;
  }
  return await new Promise(() => {});
}

/** Ctrl-C also ends the running query: a MySQL server would only notice that its client is gone when the query has a result. */
function endQueriesWithProcess(watch: Database, database: Database, done: AbortSignal): void {
  if (database.kind !== 'mysql') return;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const end = () => {
      const killed = database.connectionIds().map((id) => watch.query(watch.sql.raw(`kill query ${id}`)));
      // The handler is gone, so this ends the process as if there had been none.
      void Promise.allSettled(killed).then(() => process.kill(process.pid, signal));
    };
    process.once(signal, end);
    done.addEventListener('abort', () => process.off(signal, end));
  }
}
