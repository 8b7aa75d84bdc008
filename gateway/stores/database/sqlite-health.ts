import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DatabaseLocation } from '../../settings/schema/database-url.ts';
import { isBusy } from './failure.ts';

/** Milliseconds between two probe writes. */
const WRITE_PAUSE = 5_000;

/**
 * Checks that the SQLite file still exists, is the same file, and is writable. SQLite itself keeps using a deleted file, and
 * keeps reading on a full disk.
 *
 * @param write a write that changes nothing
 * @returns a check that rejects with the problem of the file
 */
export function sqliteHealth(file: string, write: () => Promise<unknown>): () => Promise<void> {
  const path = resolve(file);
  let known: number | null = null;
  let failure: unknown = null;
  let writtenAt = Number.NEGATIVE_INFINITY;
  return async () => {
    const found = await stat(path).catch(() => null);
    if (found === null) throw new Error(`the SQLite file ${file} is missing: restore it, then restart the gateway`);
    known ??= found.ino;
    if (found.ino !== known) throw new Error(`the SQLite file ${file} has been replaced: restart the gateway`);
    if (performance.now() - writtenAt >= WRITE_PAUSE) {
      writtenAt = performance.now();
      failure = await write().then(
        () => null,
        // Another writer holds the lock, so the file is writable.
        (error: unknown) => (isBusy(error instanceof Error ? error.cause : error) ? null : error),
      );
    }
    if (failure !== null) throw new Error(`the SQLite file ${file} cannot be written (${textOf(failure)})`);
  };
}

/** The file that opening the database will create; null if it exists, or the database is not SQLite. */
export function newSqliteFile(location: DatabaseLocation): string | null {
  return location.kind === 'sqlite' && !existsSync(resolve(location.file)) ? location.file : null;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? textOf(error.cause) : error.message;
}
