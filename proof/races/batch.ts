import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Scope } from '../../test/lab/scope.ts';
import type { Variant } from './variants.ts';

const TESTS = join(import.meta.dirname, '..', '..', 'scripts', 'test.mjs');
/** Lines of a failure that are kept. */
const KEPT_LINES = 60;

/** A test that failed, or a file that did not end as it should. */
export interface Failure {
  /** The test's file and title, or ava's words about the file. */
  readonly name: string;
  /** What ava says of it. */
  readonly report: string;
}

export interface BatchResult {
  readonly tests: number;
  readonly failures: readonly Failure[];
}

/**
 * Runs these test files once, several at a time. Closing the scope ends them.
 *
 * @param atOnce how many files
 */
export async function runBatch(
  scope: Scope,
  files: readonly string[],
  variant: Variant,
  atOnce: number,
): Promise<BatchResult> {
  const nodeArguments =
    variant.nodeArguments.length === 0 ? [] : [`--node-arguments=${variant.nodeArguments.join(' ')}`];
  const child = spawn(process.execPath, [TESTS, '--tap', `--concurrency=${atOnce}`, ...nodeArguments, ...files], {
    env: { ...process.env, ...variant.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let report = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    report += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const closed = once(child, 'close');
  scope.teardown(async () => {
    // It stops the tests, and the servers that it has started.
    child.kill('SIGTERM');
    await closed;
  });
  const [code] = await closed;
  const result = readReport(report);
  if (code === 0 || result.failures.length > 0) return result;
  const name = `the run of ${files.join(' ')} ended with ${code ?? 'a signal'}`;
  return { ...result, failures: [{ name, report: lastLines(`${report}\n${errors}`) }] };
}

/** Reads ava's report in the Test Anything Protocol, version 13. */
export function readReport(report: string): BatchResult {
  let tests = 0;
  const failures: { name: string; report: string }[] = [];
  let isOpen = false;
  for (const line of report.split('\n')) {
    const [, not, name = ''] = /^(not )?ok \d+ - (.*)$/.exec(line) ?? [];
    if (/^(?:not )?ok /.test(line)) {
      tests += 1;
      isOpen = not !== undefined;
      if (isOpen) failures.push({ name, report: '' });
    } else if (/^\d+\.\.\d+/.test(line)) {
      isOpen = false;
    } else if (isOpen) {
      const last = failures.at(-1);
      if (last !== undefined && last.report.split('\n').length < KEPT_LINES) last.report += `${line}\n`;
    }
  }
  return { tests, failures };
}

function lastLines(text: string): string {
  return text.split('\n').slice(-KEPT_LINES).join('\n');
}
