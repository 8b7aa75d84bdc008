import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { OperatorError } from '../../gateway/domain/errors.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

/** Measures what is alive in a program of Node's, which differs from what the system has given it. */
export interface LiveMemory {
  /** What that program is to be started with. */
  readonly nodeArgs: readonly string[];
  readonly env: Record<string, string>;
  /** Collects the program's garbage. @returns the bytes of its objects and buffers */
  of(pid: number): Promise<number>;
}

const PROGRAM = new URL('./live-memory-program.ts', import.meta.url).href;
const LIMIT = 10_000;

export function liveMemory(scope: Scope): LiveMemory {
  const file = join(temporaryFolder(scope), 'live');
  return {
    nodeArgs: ['--expose-gc', '--import', PROGRAM],
    env: { BENCH_LIVE_MEMORY: file },
    async of(pid) {
      await rm(file, { force: true });
      process.kill(pid, 'SIGUSR2');
      for (const until = performance.now() + LIMIT; performance.now() < until; await pause(25)) {
        const bytes = await readFile(file, 'utf8').catch(() => null);
        if (bytes !== null) return Number(bytes);
      }
      throw new OperatorError(`The gateway did not tell its memory within ${LIMIT} ms.`);
    },
  };
}
