import { InvalidArgumentError } from 'commander';
import { accountsReport } from './accounts/accounts-report.ts';
import { type Emails, reportJson, reportText } from './accounts/report.ts';
import { LARGEST_SAMPLE } from './accounts/sample.ts';
import { withReadOnlyDatabase } from './read-only-database.ts';

/** How `check --accounts` reads and reports. */
export interface CheckAccountsOptions {
  readonly json: boolean;
  readonly emails: Emails;
  /** The number of rows to read; null: all. */
  readonly sample: number | null;
}

/**
 * `check --accounts`: describes the table of accounts, and lists rows that can never log in; these make the exit code 1.
 *
 * Nothing is written. Progress is shown where standard error is a terminal.
 *
 * @throws OperatorError as `withReadOnlyDatabase` and `openTable` do
 */
export async function checkAccounts(config: string, { json, emails, sample }: CheckAccountsOptions): Promise<void> {
  await withReadOnlyDatabase(config, async ({ database, settings }) => {
    const report = await accountsReport(database, settings, sample);
    process.stdout.write(json ? `${JSON.stringify(reportJson(report, emails))}\n` : reportText(report, emails));
    if (report.review.never > 0) process.exitCode = 1;
  });
}

/** Reads the number of an option. @throws InvalidArgumentError */
export function sampleSize(text: string): number {
  const size = /^[1-9][0-9]{0,5}$/.test(text) ? Number(text) : Number.NaN;
  if (size <= LARGEST_SAMPLE) return size;
  throw new InvalidArgumentError(`must be a number of rows, 1 to ${LARGEST_SAMPLE}.`);
}
