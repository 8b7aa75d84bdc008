import { existsSync, statSync } from 'node:fs';
import { OperatorError } from '../domain/errors.ts';
import type { Logger } from '../ops/log.ts';
import { filesOf, loadSettings, SettingsError } from '../settings/read/load.ts';
import type { Settings } from '../settings/schema/settings.ts';

/** Milliseconds between two looks at what is watched. */
const LOOK = 1_000;

export interface Reloader {
  /** Reads the configuration and takes it over, or says what is wrong; nothing changes then. One at a time. */
  reload(): Promise<void>;
  stop(): void;
}

/**
 * Takes over changes of the configuration file, and of the files that its `${file:…}` name: when told to, and, while
 * `watch` is set in it, by itself.
 *
 * They are looked at rather than subscribed to: that works on every file system, and through the links that orchestrators
 * swap. A change counts once it has stood still from one look to the next, as half of a file may be valid.
 *
 * @param takeOver rejects with an OperatorError when the running gateway cannot change so
 */
export function createReloader(
  file: string,
  settings: Settings,
  log: Logger,
  takeOver: (next: Settings) => Promise<void>,
): Reloader {
  let files = filesOf(file);
  let taken = stampOf(files);
  let seen = taken;
  let isWatched = settings.watch;
  let queue = Promise.resolve();

  const attempt = async () => {
    files = filesOf(file);
    taken = stampOf(files);
    seen = taken;
    try {
      const next = loadSettings(file, process.env);
      await takeOver(next);
      isWatched = next.watch;
      log.info({ file, routes: next.routes.length }, 'configuration taken over');
    } catch (error) {
      for (const reason of reasonsOf(error)) log.error({ reason, fault: 'gateway' }, 'configuration not taken over');
    }
  };
  const reload = () => {
    queue = queue.then(attempt);
    return queue;
  };

  const timer = setInterval(() => {
    if (!isWatched) return;
    const now = stampOf(files);
    const stoodStill = now === seen;
    seen = now;
    if (stoodStill && now !== taken && existsSync(file)) void reload();
  }, LOOK).unref();
  return { reload, stop: () => clearInterval(timer) };
}

/** What changes with each of the files, and where one comes or goes. */
function stampOf(files: readonly string[]): string {
  return files.map(stampOfOne).join(' ');
}

function stampOfOne(file: string): string {
  try {
    const { dev, ino, size, mtimeNs } = statSync(file, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch {
    return 'out of reach';
  }
}

function reasonsOf(error: unknown): string[] {
  if (error instanceof SettingsError) return error.message.split('\n');
  if (error instanceof OperatorError) return [error.message];
  return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
}
