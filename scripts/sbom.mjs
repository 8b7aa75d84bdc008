import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

// `npm sbom --omit dev` in the checkout leaves out what a development dependency needs too. So the list is that of a copy without
// development dependencies. npm names the program after the folder.
const temporary = mkdtempSync(join(tmpdir(), 'gatehouse-sbom-'));
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));
const folder = join(temporary, 'gatehouse');
mkdirSync(folder);
for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(ROOT, file), join(folder, file));
npm('pkg', 'delete', 'devDependencies');
npm(
  'install',
  '--package-lock-only',
  '--ignore-scripts',
  '--prefer-offline',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
);
process.stdout.write(npm('sbom', '--package-lock-only', '--sbom-type', 'application', '--sbom-format', 'cyclonedx'));

/** Ends this process if npm fails. @returns its standard output */
function npm(...args) {
  const options = { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 * 1024 * 1024 };
  const { status, stdout, error } = spawnSync('npm', args, options);
  if (error !== undefined) process.stderr.write(`Cannot run npm: ${error.message}\n`);
  if (status !== 0) process.exit(1);
  return stdout;
}
