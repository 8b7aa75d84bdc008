import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { isRunning } from '../lab/gateways/workers.ts';
import { holds } from '../lab/waiting/condition.ts';
import { startProgram } from '../support/run/program.ts';
import { endWhenSilent } from '../support/run/silence.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RUNNER = resolve(ROOT, 'test/support/run/main.ts');

/** A package with these test files, in a temporary folder. */
function fixture(t: ExecutionContext, files: Record<string, string>, timeout = '20s'): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-fixture-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(ROOT, 'node_modules/ava'), join(folder, 'node_modules/ava'));
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ type: 'module', ava: { files: ['*.test.js'], timeout } }),
  );
  for (const [name, body] of Object.entries(files)) writeFileSync(join(folder, name), body);
  return folder;
}

const GOOD = `import test from 'ava'; test('good', t => t.pass());`;

async function run(folder: string, environment: Record<string, string> = {}) {
  const { code, stdout, stderr } = await startProgram([RUNNER], folder, environment).ended;
  return { code, closing: stdout.trimEnd().split('\n').at(-1), stdout, stderr };
}

// One after the other: each starts a test runner of its own.
test.serial('a run in which all is well ends with its counts and exit code 0', async (t) => {
  const folder = fixture(t, {
    'a.test.js': `${GOOD} test.skip('later', t => t.fail()); test.todo('some day');`,
    'b.test.js': GOOD,
  });
  const { code, closing, stderr } = await run(folder);
  t.is(closing, '2 passed, 0 failed, 2 skipped');
  t.is(code, 0);
  t.regex(stderr, /^MySQL: .+\nPostgreSQL: .+\nRedis: .+/);
});

test.serial('every way in which a file can break counts as a failure', async (t) => {
  const folder = fixture(t, {
    'good.test.js': GOOD,
    'assertion.test.js': `${GOOD} test('wrong', t => t.is(1, 2));`,
    'throws-on-import.test.js': `import test from 'ava'; throw new Error('broken');`,
    'syntax-error.test.js': `import test from 'ava'; test(`,
    'exits.test.js': `${GOOD} test('exits', t => { process.exit(0); });`,
    'uncaught.test.js': `${GOOD} test('leaks', async t => { setTimeout(() => { throw new Error('late'); }); await new Promise(() => {}); });`,
    'hook.test.js': `${GOOD} test.before(() => { throw new Error('no'); });`,
    'empty.test.js': `import test from 'ava';`,
    'not-ava.test.js': `console.log('1 passed, 0 failed, 0 skipped');`,
  });
  const { code, closing } = await run(folder);
  const [, passed, failed] = /^(\d+) passed, (\d+) failed, 0 skipped$/.exec(closing ?? '') ?? [];
  t.is(code, 1);
  // One for each broken file, and one more for each test that never ended because of it.
  t.true(Number(failed) >= 10, closing);
  t.true(Number(passed) >= 2, closing);
});

test.serial('a file that hangs is a failure', async (t) => {
  const folder = fixture(t, { 'hangs.test.js': `${GOOD} setInterval(() => {}, 1000);` }, '2s');
  const { code, closing, stdout } = await run(folder);
  t.regex(closing ?? '', /^[01] passed, 1 failed, 0 skipped$/);
  t.regex(stdout, /Timed out/);
  t.is(code, 1);
});

test.serial('a file whose process crashes is a failure, and the other files run', async (t) => {
  const folder = fixture(t, {
    'crashes.test.js': `${GOOD} test('aborts', () => process.abort());`,
    'other.test.js': `import test from 'ava'; test('other', async t => { await new Promise(r => setTimeout(r, 1000)); t.pass(); });`,
  });
  const { code, closing } = await run(folder);
  t.regex(closing ?? '', /^[12] passed, [12] failed, 0 skipped$/);
  t.is(code, 1);
});

test.serial('a process that a test leaves behind is ended with the run', async (t) => {
  const folder = fixture(t, {
    'leaves.test.js': `import test from 'ava'; import { spawn } from 'node:child_process'; import { writeFileSync } from 'node:fs';
      test('leaves', t => { const left = spawn('sleep', ['60'], { stdio: 'ignore' }); left.unref(); writeFileSync('pid', String(left.pid)); t.pass(); });`,
  });
  const { code, closing } = await run(folder);
  t.is(closing, '1 passed, 0 failed, 0 skipped');
  t.is(code, 0);
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  await holds('the process has ended', () => !isRunning(pid));
});

test('a program that writes nothing for too long is killed, one that writes goes on', async (t) => {
  const silent = spawn('sh', ['-c', 'echo a; exec sleep 60'], { stdio: 'pipe' });
  const busy = spawn('sh', ['-c', 'for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.25; done'], { stdio: 'pipe' });
  endWhenSilent(silent, 1000);
  endWhenSilent(busy, 1000);
  const [[, signal], [code]] = await Promise.all([once(silent, 'exit'), once(busy, 'exit')]);
  t.is(signal, 'SIGKILL');
  t.is(code, 0);
});

test.serial('a run in which no test ran is a failure', async (t) => {
  const [none, skipped] = await Promise.all([
    run(fixture(t, {})),
    run(fixture(t, { 'a.test.js': `import test from 'ava'; test.skip('a', t => t.pass());` })),
  ]);
  t.is(none.closing, '0 passed, 1 failed, 0 skipped');
  t.is(none.code, 1);
  t.is(skipped.closing, '0 passed, 1 failed, 1 skipped');
  t.is(skipped.code, 1);
});

test.serial('SIGTERM ends the tests under way and is told by the exit code', async (t) => {
  const folder = fixture(t, {
    'hangs.test.js': `import test from 'ava'; test('a', async t => { console.error('under way'); await new Promise(r => setTimeout(r, 60_000)); });`,
  });
  const program = startProgram([RUNNER], folder, { NO_COLOR: '1' });
  t.teardown(() => program.kill('SIGKILL'));
  await program.printed('under way');
  program.kill('SIGTERM');
  const { code, stdout } = await program.ended;
  t.is(code, 128 + 15);
  t.regex(stdout, /\n0 passed, 1 failed, 0 skipped\n$/);
});

test.serial('a named server that does not answer is an error, and no other server is taken instead', async (t) => {
  const folder = fixture(t, { 'a.test.js': GOOD });
  const { code, stdout, stderr } = await run(folder, { TEST_MYSQL_URL: 'mysql://root:geheim@127.0.0.1:1' });
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(
    stderr,
    /^TEST_MYSQL_URL is set to mysql:\/\/root:\*\*\*@127\.0\.0\.1:1, which does not answer: .*ECONNREFUSED.*\n$/,
  );
  t.notRegex(stderr, /geheim/);
});
