import { type Database, openDatabase } from '../database/connection.ts';
import { migrate } from '../database/migrate.ts';
import { GatewayError, OperatorError } from '../errors.ts';
import { loadSettings } from '../settings/load.ts';
import type { Settings } from '../settings/schema.ts';

export interface OpenDatabase {
  readonly settings: Settings;
  readonly database: Database;
  /** The migrations that this command applied. */
  readonly applied: readonly string[];
}

/**
 * Does a command's work on the database of a configuration, brought to the current schema as `start` does, and closes it.
 *
 * @param file the configuration, as the operator named it
 * @throws OperatorError when the configuration is wrong or the database does not answer
 */
export async function withDatabase(file: string, work: (open: OpenDatabase) => Promise<void>): Promise<void> {
  const settings = loadSettings(file, process.env);
  const database = openDatabase(settings.database.url, settings.database);
  try {
    const { applied } = await migrate(database);
    await work({ settings, database, applied });
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
