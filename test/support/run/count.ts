import type { Event } from 'ava/internal';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export type Stats = Extract<Event, { type: 'stats' }>['stats'];
type FileStats = Stats['byFile'] extends Map<string, infer Each> ? Each : never;

/**
 * Counts tests from ava's statistics. A file that crashed, exited, hung or has no tests counts as at least one failure.
 */
export function countTests(stats: Stats, broken: ReadonlySet<string>): Counts {
  let failed = stats.sharedWorkerErrors + stats.internalErrors;
  for (const [file, each] of stats.byFile) {
    const failures = failuresOf(each);
    const incomplete = broken.has(file) || each.declaredTests === 0;
    failed += incomplete ? Math.max(1, failures) : failures;
  }
  return {
    passed: stats.passedTests + stats.passedKnownFailingTests,
    failed,
    skipped: stats.skippedTests + stats.todoTests,
  };
}

/** A test that was still pending when its file ended has failed as well. */
function failuresOf(file: FileStats): number {
  return file.failedTests + file.failedHooks + file.remainingTests + file.uncaughtExceptions + file.unhandledRejections;
}

/** A run that ava reports as failed, or in which no test ran, has at least one failure. */
export function judge(counts: Counts | null, exitCode: number | null): Counts {
  if (counts === null) return { passed: 0, failed: 1, skipped: 0 };
  const sound = exitCode === 0 && counts.passed > 0;
  return sound ? counts : { ...counts, failed: Math.max(1, counts.failed) };
}

/** The line that ends a run. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
