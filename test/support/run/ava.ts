import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Counts, judge } from './count.ts';
import { COUNTS_FILE } from './record.ts';
import { endWhenSilent } from './silence.ts';

const AVA = fileURLToPath(new URL('../../../node_modules/ava/entrypoints/cli.js', import.meta.url));
const CONFIG = fileURLToPath(new URL('./ava.config.mjs', import.meta.url));
/** Milliseconds that ava may take to exit after a signal. */
const STOP_MS = 5000;
/** Milliseconds without output after which ava itself hangs: more than twice its own timeout for tests that hang. */
const SILENCE_MS = 5 * 60_000;

/**
 * Runs the tests of the package in `folder`, with ava's own report on this process's output.
 *
 * @param args For ava: files, `--match`, …
 * @param environment Added to this process's own.
 * @param stop Its reason, a signal's name, is passed on to ava when it is aborted.
 */
export async function runAva(
  folder: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  stop: AbortSignal,
): Promise<Counts> {
  // Somebody at a terminal may watch (`--watch` reads keys) and press Ctrl-C, which reaches the whole foreground group.
  const attended = process.stdin.isTTY && process.stdout.isTTY;
  const temporary = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  const countsFile = join(temporary, 'counts.json');
  try {
    const ava = spawn(process.execPath, [AVA, '--config', CONFIG, ...args], {
      cwd: folder,
      // Without a terminal, whatever the tests leave behind must neither hold the output open nor run on: see below.
      stdio: attended ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      detached: !attended,
      // A compile cache: each test file and each command is a process that loads the same modules.
      env: {
        NODE_COMPILE_CACHE: join(temporary, 'compiled'),
        ...process.env,
        ...environment,
        [COUNTS_FILE]: countsFile,
      },
    });
    const onStop = () => {
      ava.kill(stop.reason as NodeJS.Signals);
      setTimeout(() => ava.kill('SIGKILL'), STOP_MS).unref();
    };
    stop.addEventListener('abort', onStop);
    if (!attended) endWhenSilent(ava, SILENCE_MS);
    ava.stdout?.pipe(process.stdout, { end: false });
    ava.stderr?.pipe(process.stderr, { end: false });
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      ava.on('error', reject);
      ava.on('exit', resolve);
    });
    stop.removeEventListener('abort', onStop);
    if (!attended) killGroup(ava);
    return judge(readCounts(countsFile), exitCode);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Ends the processes that tests left behind in the group of ava, which has ended. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: there are none.
  }
}

function readCounts(file: string): Counts | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Counts;
  } catch {
    return null;
  }
}
