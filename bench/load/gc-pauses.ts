import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scope } from '../../test/lab/scope.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

/** A stretch of time, in milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Tells of the garbage collections of a program of Node's. */
export interface GcPauses {
  /** What that program is to be started with. */
  readonly nodeArgs: readonly string[];
  readonly env: Record<string, string>;
  /** The pauses that ended within it, in milliseconds each. */
  within(span: Span): Promise<number[]>;
}

const PROGRAM = new URL('./gc-pauses-program.ts', import.meta.url).href;

export function gcPauses(scope: Scope): GcPauses {
  const file = join(temporaryFolder(scope), 'pauses');
  return {
    nodeArgs: ['--import', PROGRAM],
    env: { BENCH_GC_PAUSES: file },
    async within({ from, to }) {
      const lines = (await readFile(file, 'utf8')).trim().split('\n');
      const pauses = lines.map((line) => line.split(' ').map(Number));
      return pauses.flatMap(([at = 0, length = 0]) => (at >= from && at <= to ? [length] : []));
    },
  };
}
