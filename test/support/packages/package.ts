import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** What a build neither reads nor packs. */
const APART = ['.git', 'bench', 'data', 'dist', 'node_modules', 'test'];
/** Milliseconds for npm, which waits for the registry and for the other tests. */
const NPM_LIMIT = 300_000;

const run = promisify(execFile);

/** Settings of this run of npm, Node and the tests, but for the authorities by which a network may be reached. */
const OWN_SETTINGS = /^npm_|^NODE_(?!EXTRA_CA_CERTS$)|^GATEHOUSE_/;

/** The environment of a user whose `node` is the one that runs the tests, outside of npm. */
export function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !OWN_SETTINGS.test(name));
  return { ...Object.fromEntries(own), PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };
}

/** Runs `npm pack` in a copy of this checkout. @returns the path of the package */
export async function packCopy(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'gatehouse-pack-'));
  cpSync(ROOT, copy, {
    recursive: true,
    filter: (path) => !APART.includes(path.slice(ROOT.length).split(sep)[0] ?? '') && !path.endsWith('.tgz'),
  });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const { stdout } = await npm(['pack', '--json'], copy);
  const [{ filename }] = JSON.parse(stdout) as [{ readonly filename: string }];
  return join(copy, filename);
}

/** Installs a package into an empty folder, as `npm install FILE` does. @returns the folder */
export async function installed(file: string): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), 'gatehouse-installed-')), 'app');
  mkdirSync(folder);
  await npm(['install', '--prefer-offline', '--no-audit', '--no-fund', file], folder);
  return folder;
}

function npm(args: readonly string[], cwd: string): Promise<{ readonly stdout: string }> {
  return run('npm', [...args], { cwd, env: environment(), timeout: NPM_LIMIT, maxBuffer: 16 * 1024 * 1024 });
}
