import { writeFileSync } from 'node:fs';
import type { ObservedRun } from 'ava/internal';
import { countTests, type Stats } from './count.ts';

/** The environment variable that names the file to write the counts to. */
export const COUNTS_FILE = 'GATEHOUSE_TEST_COUNTS';

/** Events after which some tests of a file may not have run; ava's types lack two of them. */
const BREAKING = new Set<string>(['worker-failed', 'process-exit', 'missing-ava-import']);

/** Runs in ava's process: observes the run, and writes its counts as JSON when the run has ended, or the process exits. */
export async function recordRun({ events }: ObservedRun): Promise<void> {
  const file = process.env[COUNTS_FILE];
  if (file === undefined) throw new Error(`${COUNTS_FILE} is not set: run the tests with npm test`);
  const broken = new Set<string>();
  let stats: Stats | null = null;
  const write = () => {
    if (stats !== null) writeFileSync(file, JSON.stringify(countTests(stats, broken)));
  };
  process.on('exit', write);
  for await (const event of events) {
    if (event.type === 'stats') stats = event.stats;
    if (event.type === 'timeout') for (const hung of event.pendingTests.keys()) broken.add(hung);
    if (BREAKING.has(event.type) && 'testFile' in event) broken.add(String(event.testFile));
  }
  write();
}
