import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperatorError } from '../domain/errors.ts';

/**
 * Does work with a generated file, whose failures say what to do.
 *
 * @param what is in the file, such as `the token secret`
 * @param option that makes the file needless
 * @throws OperatorError
 */
export function orAdvise<T>(file: string, what: string, option: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(
      `Cannot read or create ${what} ${file}: ${reason}. Set ${option}, or make the folder writable.`,
    );
  }
}

/**
 * The content of a secret file, readable only by its owner, that is created if it does not exist.
 *
 * @param generate returns the content of a new file
 * @throws OperatorError when it was deleted right after it was created; the errors of the file system
 */
export function readOrCreate(file: string, generate: () => string): string {
  return readIfExists(file) ?? create(file, generate());
}

/** @returns null if there is no such file */
export function readIfExists(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Writes a draft and links it into place, so that two processes that start at the same time use the same complete file. */
function create(file: string, content: string): string {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, content, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const created = readIfExists(file);
  if (created === null) throw new OperatorError(`${file} was deleted right after it was created; start again.`);
  return created;
}
