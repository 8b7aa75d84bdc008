import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { startProgram } from '../support/run/program.ts';

const INSTALL = new URL('../../scripts/install.mjs', import.meta.url).href;
const ERRORS = new URL('../../scripts/install-error.mjs', import.meta.url).href;

type Packages = Record<string, { version?: string; integrity?: string; dev?: boolean; optional?: boolean }>;

/** Stands in for npm: says what it was told, waits a little, and does what `npm ci` does last. */
const NPM = `
  import { appendFileSync, copyFileSync, mkdirSync } from 'node:fs';
  appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
  await new Promise((resolve) => setTimeout(resolve, 200));
  mkdirSync('node_modules', { recursive: true });
  copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
  console.log('npm warn EBADENGINE');`;

function project(t: ExecutionContext, locked: Packages, installed: Packages | null, npm = NPM) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-install-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'npm.mjs'), npm);
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...locked } }));
  if (installed !== null) {
    mkdirSync(join(folder, 'node_modules'));
    writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
  }
  const install = (need: 'everything' | 'runtime') => {
    const code = `
      import { ensureInstalled } from ${JSON.stringify(INSTALL)};
      import { exitOnInstallError } from ${JSON.stringify(ERRORS)};
      console.log(await ensureInstalled('${need}', process.cwd()).catch(exitOnInstallError));`;
    return startProgram(['--input-type=module', '--eval', code], folder, {
      npm_execpath: join(folder, 'npm.mjs'),
      npm_node_execpath: process.execPath,
    }).ended;
  };
  const npmCalls = () => {
    const file = join(folder, 'npm-calls');
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  };
  return { folder, install, npmCalls };
}

const A = { version: '1.0.0', integrity: 'sha512-a' };

test('a fresh clone is installed, and warnings of npm stay out of sight', async (t) => {
  const { install, npmCalls } = project(t, { 'node_modules/a': A }, null);
  const { code, stdout, stderr } = await install('runtime');
  t.is(code, 0);
  t.is(stdout, `${process.execPath}\n`);
  t.is(stderr, 'Installing the dependencies (npm ci)…\n');
  t.deepEqual(npmCalls(), ['ci --include=dev --no-audit --no-fund --loglevel=error']);
});

test('an installation that matches the lock file is left alone', async (t) => {
  const optional = { version: '1.0.0', integrity: 'sha512-o', optional: true };
  const { install, npmCalls } = project(
    t,
    { 'node_modules/a': A, 'node_modules/o': optional },
    { 'node_modules/a': A },
  );
  t.is((await install('everything')).stderr, '');
  t.deepEqual(npmCalls(), []);
});

test('a lock file that asks for another version, or for one more package, is installed', async (t) => {
  const newer = { version: '1.0.1', integrity: 'sha512-b' };
  const changed = project(t, { 'node_modules/a': newer }, { 'node_modules/a': A });
  const added = project(t, { 'node_modules/a': A, 'node_modules/b': newer }, { 'node_modules/a': A });
  await Promise.all([changed.install('runtime'), added.install('runtime')]);
  t.is(changed.npmCalls().length, 1);
  t.is(added.npmCalls().length, 1);
});

test('the gateway runs without development dependencies, the tests do not', async (t) => {
  const { install, npmCalls } = project(
    t,
    { 'node_modules/a': A, 'node_modules/d': { ...A, dev: true } },
    { 'node_modules/a': A },
  );
  await install('runtime');
  t.is(npmCalls().length, 0);
  await install('everything');
  t.is(npmCalls().length, 1);
});

test('of two runs at the same moment one installs and the other waits for it', async (t) => {
  const { folder, install, npmCalls } = project(t, { 'node_modules/a': A }, null);
  const codes = await Promise.all([install('runtime'), install('runtime')]);
  t.deepEqual(
    codes.map(({ code }) => code),
    [0, 0],
  );
  t.is(npmCalls().length, 1);
  t.false(existsSync(join(folder, '.install.lock')));
});

test('the lock of a run that was killed does not block the next one', async (t) => {
  const { folder, install, npmCalls } = project(t, { 'node_modules/a': A }, null);
  const { stdout } = await startProgram(['--print', 'process.pid'], folder).ended;
  writeFileSync(join(folder, '.install.lock'), stdout.trim());
  t.is((await install('runtime')).code, 0);
  t.is(npmCalls().length, 1);
});

test('a failed installation shows what npm said and ends with one line that says what to do', async (t) => {
  const npm = `console.error('npm error code E404'); process.exit(1);`;
  const { code, stderr, stdout } = await project(t, { 'node_modules/a': A }, null, npm).install('runtime');
  t.is(code, 1);
  t.is(stdout, '');
  t.is(
    stderr,
    'Installing the dependencies (npm ci)…\nnpm error code E404\n' +
      'Could not install the dependencies: npm ci ended with exit code 1. Mend what npm says above, then run `npm ci`.\n',
  );
});
