import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';
import { exitOnInstallError } from './install-error.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** Has the layout of the checkout, so that what the gateway reads beside its code is where it is in the checkout. */
const OUTPUT = join(ROOT, 'dist');

const node = await ensureInstalled('everything').catch(exitOnInstallError);
rmSync(OUTPUT, { recursive: true, force: true });
for (const project of ['tsconfig.build.json', 'tsconfig.types.json']) compile(project);
for (const file of filesBesideCode()) copy(file);

/** Ends this process if the compiler finds an error, which it has printed then. */
function compile(project) {
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  // npm reads the standard output of `npm pack --json` and of what it runs.
  const stdio = ['ignore', process.stderr, process.stderr];
  const { status, error } = spawnSync(node, [compiler, '--project', join(ROOT, project)], { stdio });
  if (error !== undefined) process.stderr.write(`Cannot run the compiler: ${error.message}\n`);
  if (status !== 0) process.exit(1);
}

/** What the gateway reads at run time, and the configurations to start from. Paths from the root. */
function filesBesideCode() {
  const entries = readdirSync(join(ROOT, 'gateway'), { recursive: true, withFileTypes: true });
  const assets = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1));
  const configurations = ['demo.yaml', 'gateway.yaml', 'gateway.schema.json'].map((name) => join('config', name));
  return [...assets, ...configurations];
}

function copy(file) {
  mkdirSync(dirname(join(OUTPUT, file)), { recursive: true });
  copyFileSync(join(ROOT, file), join(OUTPUT, file));
}
