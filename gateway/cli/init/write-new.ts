import {
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { OperatorError } from '../../domain/errors.ts';

/** A file that must not exist yet. */
export interface NewFile {
  /** Relative to the folder. */
  readonly name: string;
  readonly text: string;
  readonly mode: number;
}

const FOLDER_MODE = 0o755;
/** Of folders below, which have secrets. */
const INNER_MODE = 0o700;
/** The errors of file systems without hard links. */
const WITHOUT_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** @throws OperatorError that names each of the files that exists */
export function requireNone(folder: string, names: readonly string[]): void {
  const existing = names.map((name) => join(folder, name)).filter(exists);
  if (existing.length > 0) throw taken(existing);
}

/**
 * Writes all of the files or none, and overwrites nothing: they are written into a temporary folder, checked there, and then linked
 * to their names in the given order. A signal meanwhile comes too late, and is ignored.
 *
 * @param check gets the path of the temporary folder; what it throws keeps the files from being written
 * @throws OperatorError if a file exists, or cannot be written
 */
export function writeNew(folder: string, files: readonly NewFile[], check: (temporary: string) => void): void {
  // A signal would end the process at once, and leave a part of the files, with secrets.
  for (const signal of SIGNALS) process.on(signal, ignore);
  try {
    writeAll(folder, files, check);
  } finally {
    for (const signal of SIGNALS) process.off(signal, ignore);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
function ignore(): void {}

function writeAll(folder: string, files: readonly NewFile[], check: (temporary: string) => void): void {
  const undo: (() => void)[] = [];
  try {
    makeFolder(folder, FOLDER_MODE, undo);
    const temporary = mkdtempSync(join(folder, '.gatehouse-init-'));
    try {
      for (const { name, text, mode } of files) {
        makeFolder(dirname(join(temporary, name)), INNER_MODE, []);
        writeFileSync(join(temporary, name), text, { mode, flag: 'wx', flush: true });
      }
      check(temporary);
      for (const { name } of files) {
        const path = join(folder, name);
        makeFolder(dirname(path), INNER_MODE, undo);
        publish(join(temporary, name), path);
        undo.push(() => rmSync(path));
      }
    } finally {
      rmSync(temporary, { recursive: true });
    }
  } catch (error) {
    for (const remove of undo.reverse()) remove();
    throw problemOf(folder, error);
  }
}

/** Not by the option `recursive` of Node, which never returns where a file system refuses new folders with ENOENT, as /proc does. */
function makeFolder(folder: string, mode: number, undo: (() => void)[]): void {
  const existing = statSync(folder, { throwIfNoEntry: false });
  if (existing?.isDirectory()) return;
  if (existing !== undefined) throw new OperatorError(`${folder} is not a folder, so nothing was written.`);
  makeFolder(dirname(folder), mode, undo);
  mkdirSync(folder, { mode });
  undo.push(() => rmdirSync(folder));
}

/** Unlike a rename, a link fails if the name exists. */
function publish(from: string, path: string): void {
  try {
    linkSync(from, path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw taken([path]);
    if (!WITHOUT_LINKS.includes(codeOf(error))) throw error;
    copyFileSync(from, path, constants.COPYFILE_EXCL);
  }
}

/** A link that leads nowhere exists too. */
function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return false;
    throw problemOf(dirname(path), error);
  }
}

function taken(paths: readonly string[]): OperatorError {
  const are = paths.length === 1 ? 'exists' : 'exist';
  return new OperatorError(
    `${paths.join(' and ')} ${are} already, so nothing was written. Remove what is not needed, or name another folder with --directory.`,
  );
}

function problemOf(folder: string, error: unknown): unknown {
  if (error instanceof OperatorError || codeOf(error) === '') return error;
  return new OperatorError(`Nothing was written into ${folder}: ${(error as Error).message}.`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
