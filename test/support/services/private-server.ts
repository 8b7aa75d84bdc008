import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onOneLine } from '../../lab/processes/failure.ts';
import { probe } from './probe.ts';
import { type Attempt, available, type ServiceName, unavailable } from './service.ts';

const START_MS = 30_000;
const PROBE_MS = 1000;

export interface Server {
  readonly path: string;
  readonly args: readonly string[];
  /** The user it runs as; left out: the one of this process. */
  readonly runner?: { readonly uid?: number; readonly gid?: number };
  /** Ends it; left out: SIGKILL does. Synchronous. */
  readonly end?: () => void;
}

export interface TemporaryFolder {
  readonly path: string;
  readonly remove: () => void;
}

/** A new folder, removed at the latest when the process exits. */
export function temporaryFolder(purpose: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `gatehouse-${purpose}-`));
  const remove = () => {
    process.off('exit', remove);
    rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  };
  process.on('exit', remove);
  return { path, remove };
}

/** Starts a server and waits until it answers at `url`. `stop`, or the exit of this process, stops it and removes its folder. */
export async function startServer(
  name: ServiceName,
  { path: server, args, runner = {}, end }: Server,
  folder: TemporaryFolder,
  url: string,
): Promise<Attempt> {
  const log = join(folder.path, 'log');
  const output = openSync(log, 'w');
  // Detached, so that Ctrl-C reaches only the tests, which may still need the server during their teardown.
  const child = spawn(server, args, { detached: true, stdio: ['ignore', output, output], ...runner });
  let ended: string | null = null;
  child.on('error', (error) => {
    ended = error.message;
  });
  child.on('exit', (code, signal) => {
    ended = `it ended with ${signal ?? `exit code ${code}`}`;
  });
  child.unref();
  const stop = () => {
    process.off('exit', stop);
    end?.();
    child.kill('SIGKILL');
    folder.remove();
  };
  // Before the folder's own removal: a server that still runs would write into it.
  process.prependListener('exit', stop);

  const giveUpAt = Date.now() + START_MS;
  let why = 'no answer';
  while (ended === null && Date.now() < giveUpAt) {
    const answer = await probe(name, url, PROBE_MS);
    if (answer.kind === 'answers') {
      return available({ url, origin: `a private ${server} on port ${new URL(url).port} (${answer.version})`, stop });
    }
    why = answer.why;
    await sleep(50);
  }
  const told = onOneLine(readFileSync(log, 'utf8'));
  stop();
  return unavailable(`${server} did not start: ${ended ?? why}; it said: ${told}`);
}
