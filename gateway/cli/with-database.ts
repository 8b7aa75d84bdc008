import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { GatewayError, OperatorError } from '../domain/errors.ts';
import { loadWithoutSecrets, type SettingsWithoutSecrets } from '../settings/read/load.ts';
import type { DatabaseLocation } from '../settings/schema/database-url.ts';
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
  requireFile(`database.url of ${file}`, settings.database.url);
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

/** A mistyped path must not become a new, empty database. */
export function requireFile(named: string, url: DatabaseLocation): void {
  if (url.kind !== 'sqlite' || existsSync(url.file)) return;
  throw new OperatorError(
    `${named}: there is no SQLite database ${resolve(url.file)}: name an existing one, or create it with ` +
      '`gatehouse migrate`.',
  );
}

async function closing(file: string, database: Database, work: (database: Database) => Promise<void>): Promise<void> {
  try {
    await work(database);
  } catch (error) {
    throw explained(`database.url of ${file}`, error);
  } finally {
    await database.close();
  }
}

/**
 * Turns the error of a failed database, which is worded for clients, into one for the operator.
 *
 * @param named what names the database: `database.url of FILE`, or an option of the command line
 */
export function explained(named: string, error: unknown): unknown {
  return error instanceof GatewayError ? outOfReach(named, error.cause) : error;
}

function outOfReach(named: string, cause: unknown): OperatorError {
  if (cause instanceof ConnectFailure) return new OperatorError(`${named}: ${cause.message}.`);
  // When a host name has several addresses, Node throws an AggregateError without a message.
  const codeOrNothing = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason = cause instanceof Error && cause.message !== '' ? cause.message : codeOrNothing;
  return new OperatorError(
    `${named}: ${reason.replace(/\s+/g, ' ')}. Check that the database server runs, that this database exists, ` +
      'and that the user may use it.',
  );
}
