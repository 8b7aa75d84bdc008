import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Counts, judge } from './count.ts';
import { COUNTS_FILE } from './record.ts';

const AVA = fileURLToPath(new URL('../../../node_modules/ava/entrypoints/cli.js', import.meta.url));
const CONFIG = fileURLToPath(new URL('./ava.config.mjs', import.meta.url));
/** Milliseconds that ava may take to exit after a signal. */
const STOP_MS = 5000;

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
  const temporary = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  const countsFile = join(temporary, 'counts.json');
  try {
    const ava = spawn(process.execPath, [AVA, '--config', CONFIG, ...args], {
      cwd: folder,
      stdio: 'inherit',
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
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      ava.on('error', reject);
      ava.on('exit', resolve);
    });
    stop.removeEventListener('abort', onStop);
    return judge(readCounts(countsFile), exitCode);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function readCounts(file: string): Counts | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Counts;
  } catch {
    return null;
  }
}
