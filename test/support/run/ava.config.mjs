import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { longestFirst } from './order.ts';
import { recordRun } from './record.ts';

/**
 * The number of concurrent test files. They wait for about half of their time, so two of them keep one processor busy, and
 * four use up to a third of MySQL's default of 151 connections.
 */
const AT_ONCE = Math.min(2 * availableParallelism(), 8);

/** The settings in package.json, and an observer of the run, which counts the tests more reliably than ava's printed report. */
export default ({ projectDir }) => ({
  ...JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8')).ava,
  concurrency: AT_ONCE,
  // A process for each file: a thread that ends while bcrypt hashes, or hangs in a library's own code, takes the whole run along.
  workerThreads: false,
  sortTestFiles: longestFirst,
  nonSemVerExperiments: { observeRunsFromConfig: true },
  observeRun: recordRun,
});
