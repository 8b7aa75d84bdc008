import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, lutimesSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { debianVersion, type Package, writeControl } from './control.ts';
import { debianArchitecture, EXECUTABLES, writeTree } from './tree.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Whoever publishes packages names themselves in DEBFULLNAME and DEBEMAIL, as Debian's own tools expect. */
const { DEBFULLNAME = 'The Gatehouse authors', DEBEMAIL = 'gatehouse@example.com' } = process.env;

const { values } = parseArgs({ options: { out: { type: 'string', default: '.' } } });
const tree = mkdtempSync(join(tmpdir(), 'gatehouse-deb-'));
process.on('exit', () => rmSync(tree, { recursive: true, force: true }));

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const described: Package = {
  version: debianVersion(version),
  architecture: debianArchitecture(),
  maintainer: `${DEBFULLNAME} <${DEBEMAIL}>`,
  date: dateOfSources(),
};
writeTree(ROOT, tree);
writeControl(ROOT, tree, filesIn(tree), described);
makeEqual(tree, described.date);
const file = join(resolve(values.out), `gatehouse_${described.version}_${described.architecture}.deb`);
execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree, file], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, SOURCE_DATE_EPOCH: String(described.date.getTime() / 1000) },
});
process.stdout.write(`${file}\n`);

/** SOURCE_DATE_EPOCH, else the time of the last commit: two builds of the same sources have the same bytes. */
function dateOfSources(): Date {
  const { SOURCE_DATE_EPOCH } = process.env;
  const seconds =
    SOURCE_DATE_EPOCH ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' });
  return new Date(Number(seconds) * 1000);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((entry) =>
    lstatSync(join(folder, entry)).isFile(),
  );
}

/** Modes do not depend on the umask, nor times on the build. */
function makeEqual(folder: string, date: Date): void {
  for (const entry of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
    const path = join(folder, entry);
    const isExecutable = lstatSync(path).isDirectory() || EXECUTABLES.includes(entry) || /^DEBIAN\/p/.test(entry);
    chmodSync(path, isExecutable ? 0o755 : 0o644);
    lutimesSync(path, date, date);
  }
}
