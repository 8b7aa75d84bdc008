import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { findExecutable } from '../lab/packages/executables.ts';
import { runsBrowserTests } from '../support/run/browser-tests.ts';
import { startProgram } from '../support/run/program.ts';

const CHROMIUM = new URL('../support/services/chromium.ts', import.meta.url);

function folderWith(t: ExecutionContext, ...files: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-browser-tests-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const file of files) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
  return folder;
}

/** What `findChromium` prints, as a program with this environment. */
async function findChromium(t: ExecutionContext, environment: Record<string, string>) {
  const code = `
    import { findChromium } from ${JSON.stringify(CHROMIUM.href)};
    console.log(await findChromium().catch((error) => error.message));`;
  const { stdout } = await startProgram(['--input-type=module', '--eval', code], folderWith(t), environment).ended;
  return stdout.trim();
}

test('a browser is needed when the tests that drive one are among those to run, and else not', (t) => {
  const folder = folderWith(t, 'test/control/pages/browser/journey.test.ts', 'test/ops/log.test.ts');
  const needed = [
    [],
    ['--match', 'somebody logs in'],
    ['-T', '2m', '--serial'],
    ['test/control/pages/browser/journey.test.ts'],
    ['./test/control/pages/browser/journey.test.ts:12-14'],
    [join(folder, 'test/control/pages/browser/journey.test.ts')],
    ['test/ops/log.test.ts', 'test/control/pages/browser'],
    ['test/control/pages/browser/'],
    ['test/**/*.test.ts'],
    ['**/journey*'],
  ];
  for (const args of needed) t.true(runsBrowserTests(folder, args), args.join(' '));
  for (const args of [
    ['test/ops/log.test.ts'],
    ['test/ops'],
    ['-m', 'x', 'test/ops/*.test.ts'],
    ['test/control/page'],
  ]) {
    t.false(runsBrowserTests(folder, args), args.join(' '));
  }
  t.false(runsBrowserTests(folderWith(t, 'test/ops/log.test.ts'), []));
});

test('the browser that the environment names is used, and no other when it cannot be run', async (t) => {
  const shell = findExecutable('sh') ?? '';
  t.is(await findChromium(t, { CHROME_PATH: shell }), shell);
  t.regex(await findChromium(t, { CHROME_PATH: '/nowhere/chromium' }), /^CHROME_PATH is set to \/nowhere\/chromium/);
});

test('without a name the installed browser is found on the PATH', async (t) => {
  const folder = folderWith(t);
  writeFileSync(join(folder, 'chromium'), '', { mode: 0o755 });
  t.is(await findChromium(t, { CHROME_PATH: '', PATH: folder }), join(folder, 'chromium'));
});
