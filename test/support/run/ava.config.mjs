import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordRun } from './record.ts';

/** package.json's settings, and an observer of the run: counting what ava prints for people would be guessing. */
export default ({ projectDir }) => ({
  ...JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8')).ava,
  nonSemVerExperiments: { observeRunsFromConfig: true },
  observeRun: recordRun,
});
