import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Knex } from 'knex';
import { OperatorError } from '../../domain/errors.ts';

/** The part of a better-sqlite3 connection that this gateway uses. */
interface SqliteConnection {
  pragma(source: string): unknown;
  function(name: string, options: { deterministic: boolean }, apply: (text: unknown) => unknown): unknown;
  close(): void;
}

/** SQLite's own `lower` handles ASCII only. */
export const UNICODE_LOWER = 'gatehouse_unicode_lower';

/**
 * Milliseconds that SQLite itself waits for another writer. The wait blocks the process, so it is short; `Database.query`
 * retries without blocking.
 */
const BUSY_TIMEOUT = 50;

/**
 * The knex configuration for SQLite: one connection, since SQLite has one writer and better-sqlite3 is synchronous.
 *
 * @param readonly changes neither the file nor its journal mode
 */
export function sqliteConfig(file: string, readonly: boolean): Knex.Config {
  return {
    client: 'better-sqlite3',
    connection: { filename: resolve(file), options: { readonly } },
    useNullAsDefault: true,
    pool: {
      min: 0,
      max: 1,
      afterCreate(connection: SqliteConnection, done: (error: unknown) => void) {
        try {
          connection.pragma(`busy_timeout = ${BUSY_TIMEOUT}`);
          if (!readonly) connection.pragma('journal_mode = WAL');
          connection.pragma('synchronous = NORMAL');
          connection.pragma('foreign_keys = ON');
          connection.function(UNICODE_LOWER, { deterministic: true }, unicodeLower);
          done(null);
        } catch (error) {
          connection.close();
          done(error);
        }
      },
    },
  };
}

function unicodeLower(text: unknown): unknown {
  return typeof text === 'string' ? text.normalize('NFC').toLowerCase().normalize('NFC') : text;
}

/**
 * Creates a missing folder and file with access for their owner only: the file holds password hashes, and SQLite gives its
 * journal files the same mode. An existing folder or file keeps its mode.
 *
 * @throws OperatorError when the file cannot be written
 */
export function prepareSqliteFile(file: string): void {
  try {
    mkdirSync(dirname(resolve(file)), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'a', 0o600));
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : error;
    throw new OperatorError(
      `The SQLite database ${file} cannot be written (${reason}): name a file in a folder that this user may write.`,
    );
  }
}
