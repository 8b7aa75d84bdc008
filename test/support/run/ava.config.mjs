import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { longestFirst } from './order.ts';
import { recordRun } from './record.ts';

/**
 * Files that run at the same time. They wait for about half of their time, so that two of them keep one processor busy; and
 * four of them use up to a third of the 151 connections that a MySQL server takes.
 */
const AT_ONCE = Math.min(2 * availableParallelism(), 8);

/** package.json's settings, and an observer of the run: counting what ava prints for people would be guessing. */
export default ({ projectDir }) => ({
  ...JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8')).ava,
  concurrency: AT_ONCE,
  sortTestFiles: longestFirst,
  nonSemVerExperiments: { observeRunsFromConfig: true },
  observeRun: recordRun,
});
