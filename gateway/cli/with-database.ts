import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { GatewayError, OperatorError } from '../domain/errors.ts';
import { loadWithoutSecrets, type SettingsWithoutSecrets } from '../settings/read/load.ts';
import { ConnectFailure } from '../stores/database/connect-failure.ts';
import { type Database, openDatabase } from '../stores/database/connection.ts';
import { migrate, requireCurrentSchema } from '../stores/database/migrate.ts';

export interface OpenDatabase {
  readonly settings: SettingsWithoutSecrets;
  readonly database: Database;
}

export interface MigratedDatabase extends OpenDatabase {
  /** The migrations that this command applied. */
  readonly applied: readonly string[];
}

/**
 * Opens the database of a configuration, does a command's work on it, and closes it. The database must exist with the current
 * schema.
 *
 * @param file the path of the configuration as the operator gave it
 * @throws OperatorError when the configuration is invalid, or the database does not answer or lacks its tables
 */
export async function withDatabase(file: string, work: (open: OpenDatabase) => Promise<void>): Promise<void> {
  const settings = loadWithoutSecrets(file, process.env);
  requireFile(file, settings);
  await closing(file, openDatabase(settings.database.url, settings.database), async (database) => {
    await requireCurrentSchema(database);
    await work({ settings, database });
  });
}

/** As `withDatabase`, but creates a missing SQLite database, and migrates to the current schema as `start` does. */
export async function withMigratedDatabase(
  file: string,
  work: (open: MigratedDatabase) => Promise<void>,
): Promise<void> {
  const settings = loadWithoutSecrets(file, process.env);
  await closing(file, openDatabase(settings.database.url, settings.database), async (database) => {
    const { applied } = await migrate(database);
    await work({ settings, database, applied });
  });
}

/** Milliseconds for each query: some scan a whole table, and only the operator waits for them. */
const READ_LIMIT = 10 * 60_000;

/** As `withDatabase`, but read-only, with any schema, and with a long limit for each query. */
export async function withReadOnlyDatabase(file: string, work: (open: OpenDatabase) => Promise<void>): Promise<void> {
  const settings = loadWithoutSecrets(file, process.env);
  requireFile(file, settings);
  // Pings with the configured timeout first, so that a database which is down fails fast.
  const first = openDatabase(settings.database.url, { ...settings.database, readOnly: true });
  await closing(file, first, (database) => database.ping());
  const database = openDatabase(settings.database.url, { ...settings.database, timeout: READ_LIMIT, readOnly: true });
  await closing(file, database, (open) => work({ settings, database: open }));
}

/** A mistyped path must not become a new, empty database. */
function requireFile(file: string, { database: { url } }: SettingsWithoutSecrets): void {
  if (url.kind !== 'sqlite' || existsSync(url.file)) return;
  throw new OperatorError(
    `database.url of ${file}: there is no SQLite database ${resolve(url.file)}: name an existing one, or create it with ` +
      '`gatehouse migrate`.',
  );
}

async function closing(file: string, database: Database, work: (database: Database) => Promise<void>): Promise<void> {
  try {
    await work(database);
  } catch (error) {
    throw explained(file, error);
  } finally {
    await database.close();
  }
}

/** Turns the error of a failed database, which is worded for clients, into one for the operator. */
export function explained(file: string, error: unknown): unknown {
  return error instanceof GatewayError ? outOfReach(file, error.cause) : error;
}

function outOfReach(file: string, cause: unknown): OperatorError {
  if (cause instanceof ConnectFailure) return new OperatorError(`database of ${file}: ${cause.message}.`);
  // When a host name has several addresses, Node throws an AggregateError without a message.
  const codeOrNothing = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason = cause instanceof Error && cause.message !== '' ? cause.message : codeOrNothing;
  return new OperatorError(
    `database.url of ${file}: ${reason.replace(/\s+/g, ' ')}. Check that the database server runs, that this database exists, ` +
      'and that the user may use it.',
  );
}
