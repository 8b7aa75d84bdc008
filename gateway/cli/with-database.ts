import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { GatewayError, OperatorError } from '../domain/errors.ts';
import { loadWithoutSecrets, type SettingsWithoutSecrets } from '../settings/read/load.ts';
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
 * Does a command's work on the database of a configuration, which has to be there with the current schema, and closes it.
 *
 * @param file the configuration, as the operator named it
 * @throws OperatorError when the configuration is wrong, or the database does not answer or lacks its tables
 */
export async function withDatabase(file: string, work: (open: OpenDatabase) => Promise<void>): Promise<void> {
  const settings = loadWithoutSecrets(file, process.env);
  requireFile(file, settings);
  await closing(file, openDatabase(settings.database.url, settings.database), async (database) => {
    await requireCurrentSchema(database);
    await work({ settings, database });
  });
}

/** The same, with the database made where there is none, and brought to the current schema as `start` does. */
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

/** The same, on a database in which nothing is changed, whichever tables it has. Its queries may take long. */
export async function withReadOnlyDatabase(file: string, work: (open: OpenDatabase) => Promise<void>): Promise<void> {
  const settings = loadWithoutSecrets(file, process.env);
  requireFile(file, settings);
  // Whether it answers at all is found out as fast as anywhere.
  const first = openDatabase(settings.database.url, { ...settings.database, readOnly: true });
  await closing(file, first, (database) => database.ping());
  const database = openDatabase(settings.database.url, { timeout: READ_LIMIT, readOnly: true });
  await closing(file, database, (open) => work({ settings, database: open }));
}

/** A mistyped path must not become a new, empty database. */
function requireFile(file: string, { database: { url } }: SettingsWithoutSecrets): void {
  if (url.kind !== 'sqlite' || existsSync(url.file)) return;
  throw new OperatorError(
    `database.url of ${file}: there is no SQLite database ${resolve(url.file)}: name one that is there, or make it with ` +
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

/** What a command says of a database that failed it, in place of the answer that a client would get. */
export function explained(file: string, error: unknown): unknown {
  return error instanceof GatewayError ? outOfReach(file, error.cause) : error;
}

function outOfReach(file: string, cause: unknown): OperatorError {
  // A name with several addresses fails with an error that has no text of its own.
  const codeOrNothing = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason = cause instanceof Error && cause.message !== '' ? cause.message : codeOrNothing;
  return new OperatorError(
    `database.url of ${file}: ${reason.replace(/\s+/g, ' ')}. Check that the database server runs, that this database exists, ` +
      'and that the user may use it.',
  );
}
