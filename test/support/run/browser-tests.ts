import { globSync } from 'node:fs';
import { matchesGlob, normalize, relative, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';

const BROWSER_TESTS = 'test/control/pages/browser/**/*.test.ts';
/** The options of ava that take a value, which is not a file. */
const WITH_VALUE = {
  match: { type: 'string', short: 'm', multiple: true },
  timeout: { type: 'string', short: 'T' },
  concurrency: { type: 'string', short: 'c' },
} as const;

/**
 * Whether ava, called in `folder`, runs a test that needs a browser.
 *
 * @param args for ava; without a file among them it runs all tests
 */
export function runsBrowserTests(folder: string, args: readonly string[]): boolean {
  const tests = globSync(BROWSER_TESTS, { cwd: folder });
  const { positionals } = parseArgs({ args: [...args], options: WITH_VALUE, allowPositionals: true, strict: false });
  if (positionals.length === 0) return tests.length > 0;
  return positionals.some((positional) => {
    // `file.ts:12` runs the test at a line.
    const asked = positional.replace(/:[\d,-]+$/, '');
    const pattern = normalize(relative(folder, resolve(folder, asked)));
    return tests.some((file) => file === pattern || file.startsWith(pattern + sep) || matchesGlob(file, pattern));
  });
}
