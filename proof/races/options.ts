import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments, seedFrom, wholeNumber } from '../command-line.ts';

export interface Options {
  /** Patterns of the test files. */
  readonly patterns: readonly string[];
  readonly times: number;
  readonly minutes: number;
  /** Processes that keep a processor busy. */
  readonly load: number;
  /** Test files at a time. */
  readonly atOnce: number;
  /** Files that share a run. */
  readonly batch: number;
  readonly seed: number;
  /** The file that gets the failures. */
  readonly out: string;
}

export const HELP = `Usage: npm run races -- [options] [FILE …]
Runs test files many times beside processes that keep the processors busy, in turns as they are, with V8 on one thread, and
with little room for new objects. Lists the tests that failed in some of the runs.

  FILE …       patterns; default: test/**/*.test.ts
  --times N    runs of each file (default 50)
  --minutes N  begins no further run after this time
  --load N     processes that keep a processor busy (default 1; 0: none)
  --at-once N  test files at a time (default 4)
  --batch N    files that share a run, in an order that changes from run to run (default 24)
  --seed N     of that order (default: the time)
  --out FILE   every failure as a line of JSON (default: in the folder for temporary files)

Exit code: 0: no test failed; 1: some did; 2: wrong options.`;

/** @param now milliseconds since 1970, for a seed. @throws WrongUse */
export function parseOptions(args: readonly string[], now: number): Options | 'help' {
  const text = { type: 'string' } as const;
  const { values, positionals } = readArguments(args, {
    allowPositionals: true,
    options: {
      ...{ times: text, minutes: text, load: text, 'at-once': text, batch: text, seed: text, out: text },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return 'help';
  const seed = seedFrom(values.seed, now);
  return {
    patterns: positionals.length === 0 ? ['test/**/*.test.ts'] : positionals,
    times: wholeNumber('times', values.times, { usual: 50, least: 1, most: 1e6 }),
    minutes: wholeNumber('minutes', values.minutes, { usual: Number.POSITIVE_INFINITY, least: 1, most: 1e6 }),
    load: wholeNumber('load', values.load, { usual: 1, least: 0, most: 256 }),
    atOnce: wholeNumber('at-once', values['at-once'], { usual: 4, least: 1, most: 256 }),
    batch: wholeNumber('batch', values.batch, { usual: 24, least: 1, most: 1e4 }),
    seed,
    out: values.out ?? join(tmpdir(), `gatehouse-races-${seed}.jsonl`),
  };
}
