import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

const ROOT = new URL('../../', import.meta.url);

interface Locked {
  readonly dev?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly integrity?: string;
}

const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', ROOT), 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const locked = Object.entries(packages).filter(([path]) => path !== '');

test('THIRD-PARTY-LICENSES.md has the licences of what the gateway runs with, and all of them are accepted', async (t) => {
  const script = fileURLToPath(new URL('scripts/licences.mjs', ROOT));
  await t.notThrowsAsync(promisify(execFile)(process.execPath, ['--no-deprecation', script, '--check']));
});

test('what the gateway runs with is the same on every platform, so that one installation serves all images', (t) => {
  const production = locked.filter(([, { dev }]) => dev !== true);
  t.true(production.length > 100);
  t.deepEqual(
    production.filter(([, { os, cpu }]) => os !== undefined || cpu !== undefined).map(([path]) => path),
    [],
  );
});

test('the lock file has a checksum of every package', (t) => {
  t.deepEqual(
    locked.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path),
    [],
  );
});
