import { existsSync, statSync } from 'node:fs';
import { OperatorError } from '../domain/errors.ts';
import type { Logger } from '../ops/log.ts';
import { filesOf, loadSettings, SettingsError } from '../settings/read/load.ts';
import type { Settings } from '../settings/schema/settings.ts';

/** Milliseconds between two polls of the watched files. */
const POLL_INTERVAL = 1_000;

export interface Reloader {
  /** Reads and applies the configuration; on an error, logs the problems and changes nothing. Calls run one after another. */
  reload(): Promise<void>;
  stop(): void;
}

/** The files of a configuration as they were at one moment. */
export interface SeenFiles {
  readonly files: readonly string[];
  /** Differs when any of the files has changed, appeared or disappeared. */
  readonly stamp: string;
}

/** Call before the configuration is read: a change during the reading, or the start that follows, is then seen as one. */
export function seeFiles(file: string): SeenFiles {
  const files = filesOf(file);
  return { files, stamp: stampOf(files) };
}

/**
 * Applies changes of the configuration file, and of the files in its `${file:…}`: on `reload()` (SIGHUP, `start.ts`), and,
 * with `watch: true`, when a file changes.
 *
 * Polls instead of subscribing: polling works on every file system, and through the symlinks that orchestrators swap. A
 * change counts once it is the same in two polls: a half-written file may be valid.
 *
 * @param before of the settings: as the files were before these were read
 * @param reload applies new settings; rejects with an OperatorError when they need a restart
 */
export function createReloader(
  file: string,
  settings: Pick<Settings, 'watch'>,
  before: SeenFiles,
  log: Logger,
  reload: (next: Settings) => Promise<void>,
): Reloader {
  let taken = before;
  let seen = before.stamp;
  let isWatched = settings.watch;
  let queue = Promise.resolve();

  const attempt = async () => {
    taken = seeFiles(file);
    seen = taken.stamp;
    try {
      const next = loadSettings(file, process.env);
      await reload(next);
      isWatched = next.watch;
      log.info({ file, routes: next.routes.length }, 'configuration taken over');
    } catch (error) {
      for (const reason of reasonsOf(error)) log.error({ reason, fault: 'gateway' }, 'configuration not taken over');
    }
  };
  const reloadInTurn = () => {
    queue = queue.then(attempt);
    return queue;
  };

  const timer = setInterval(() => {
    if (!isWatched) return;
    const now = stampOf(taken.files);
    const isStable = now === seen;
    seen = now;
    if (isStable && now !== taken.stamp && existsSync(file)) void reloadInTurn();
  }, POLL_INTERVAL).unref();
  return { reload: reloadInTurn, stop: () => clearInterval(timer) };
}

function stampOf(files: readonly string[]): string {
  return files.map(stampOfOne).join(' ');
}

function stampOfOne(file: string): string {
  try {
    const { dev, ino, size, mtimeNs } = statSync(file, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch {
    return 'unreadable';
  }
}

function reasonsOf(error: unknown): string[] {
  if (error instanceof SettingsError) return error.message.split('\n');
  if (error instanceof OperatorError) return [error.message];
  return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
}
