import { statSync } from 'node:fs';
import { OperatorError } from '../errors.ts';
import type { Logger } from '../ops/log.ts';
import { loadSettings, SettingsError } from '../settings/load.ts';
import type { Settings } from '../settings/schema.ts';

/** Milliseconds between two looks at a file that is watched. */
const LOOK = 1_000;

export interface Reloader {
  /** Reads the file and takes it over, or says what is wrong; nothing changes then. One at a time. */
  reload(): Promise<void>;
  stop(): void;
}

/**
 * Takes over changes of the configuration file: when told to, and, while `watch` is set in it, by itself.
 *
 * The file is looked at rather than subscribed to: that works on every file system, and through the links that
 * orchestrators swap. A change counts once it has stood still from one look to the next, as half of a file may be valid.
 *
 * @param takeOver rejects with an OperatorError when the running gateway cannot change so
 */
export function createReloader(
  file: string,
  settings: Settings,
  log: Logger,
  takeOver: (next: Settings) => Promise<void>,
): Reloader {
  let taken = stampOf(file);
  let seen = taken;
  let isWatched = settings.watch;
  let queue = Promise.resolve();

  const attempt = async () => {
    taken = stampOf(file);
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
    const now = stampOf(file);
    const stoodStill = now === seen;
    seen = now;
    if (stoodStill && now !== taken && now !== null) void reload();
  }, LOOK).unref();
  return { reload, stop: () => clearInterval(timer) };
}

/** What changes with a file; null where there is none. */
function stampOf(file: string): string | null {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? null : `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}

function reasonsOf(error: unknown): string[] {
  if (error instanceof SettingsError) return error.message.split('\n');
  if (error instanceof OperatorError) return [error.message];
  return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
}
