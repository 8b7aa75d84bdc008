import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { NODE_FLAGS } from '../../gateway/cli/node-flags.ts';

const PROGRAM = 'usr/lib/gatehouse';

/** All other files are readable only. */
export const EXECUTABLES: readonly string[] = ['usr/bin/gatehouse', `${PROGRAM}/bin/node`];

/** Debian's names of the architectures of Node.js. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** @returns Debian's name of the architecture of this process @throws if the package cannot be built for it */
export function debianArchitecture(): string {
  const name = process.platform === 'linux' ? ARCHITECTURES[process.arch] : undefined;
  if (name === undefined) throw new Error(`no package for ${process.platform} on ${process.arch}`);
  return name;
}

/**
 * Writes the files of the package.
 *
 * @param root the checkout
 * @param tree the folder that becomes `/`
 */
export function writeTree(root: string, tree: string): void {
  writeProgram(root, join(tree, PROGRAM));
  chmodSync(join(tree, PROGRAM, 'bin/node'), 0o755);
  writeCommand(join(root, 'deploy/deb/files/gatehouse'), tree);
  writeCompletions(tree);
  install(join(root, 'deploy/deb/files/gateway.yaml'), join(tree, 'etc/gatehouse/gateway.yaml'));
  for (const unit of ['gatehouse.service', 'gatehouse.socket']) {
    install(join(root, 'deploy/systemd', unit), join(tree, 'usr/lib/systemd/system', unit));
  }
  install(join(root, 'deploy/deb/files/lintian-overrides'), join(tree, 'usr/share/lintian/overrides/gatehouse'));
  writeDocumentation(root, tree);
}

/** What `npm pack` packs, the libraries of package-lock.json for this architecture, and the Node.js of the checkout. */
function writeProgram(root: string, program: string): void {
  mkdirSync(program, { recursive: true });
  const packed = npm(root, 'pack', '--json', '--pack-destination', program);
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  const archive = join(program, filename);
  execFileSync('tar', ['--extract', '--file', archive, '--strip-components=1', '--no-same-owner'], { cwd: program });
  rmSync(archive);
  writeLibraries(root, program);
  install(join(root, 'node_modules/node/bin/node'), join(program, 'bin/node'));
}

/** By the package.json of the checkout, which belongs to the lock file. */
function writeLibraries(root: string, program: string): void {
  const place = join(program, 'install');
  for (const file of ['package.json', 'package-lock.json']) install(join(root, file), join(place, file));
  npm(place, 'ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error');
  cpSync(join(place, 'node_modules'), join(program, 'node_modules'), { recursive: true, verbatimSymlinks: true });
  rmSync(place, { recursive: true });
  const modules = join(program, 'node_modules');
  // Links to programs, npm's note of what it installed, and files for the development of the libraries.
  for (const hidden of globSync('**/.*', { cwd: modules }))
    rmSync(join(modules, hidden), { recursive: true, force: true });
  removeForeignBinaries(modules);
}

/** Binaries of other systems, and the sources of those of this one, are half of the libraries. */
function removeForeignBinaries(modules: string): void {
  const { platform, arch } = process;
  keepOnly(join(modules, 'bcrypt/prebuilds'), `${platform}-${arch}`);
  keepOnly(join(modules, 'bcrypt/prebuilds', `${platform}-${arch}`), 'bcrypt.glibc.node');
  keepOnly(join(modules, 'better-sqlite3/prebuilds'), `${platform}-${arch}.node`);
  for (const source of ['better-sqlite3/deps', 'better-sqlite3/src', 'bcrypt/src']) {
    rmSync(join(modules, source), { recursive: true });
  }
}

/** @throws if `folder` does not have `name` */
function keepOnly(folder: string, name: string): void {
  const names = readdirSync(folder);
  if (!names.includes(name)) throw new Error(`${folder} has no ${name}`);
  for (const other of names) if (other !== name) rmSync(join(folder, other), { recursive: true });
}

/** `/usr/bin/gatehouse`, with the path of the program that package.json names, and the flags of the gateway. */
function writeCommand(template: string, tree: string): void {
  const { bin } = JSON.parse(readFileSync(join(tree, PROGRAM, 'package.json'), 'utf8')) as {
    bin: { gatehouse: string };
  };
  const text = readFileSync(template, 'utf8')
    .replace('@PROGRAM@', bin.gatehouse)
    .replace('@FLAGS@', NODE_FLAGS.join(' '));
  write(join(tree, 'usr/bin/gatehouse'), text);
}

/** Where each shell looks for the completions of a package. */
const COMPLETIONS = {
  bash: 'usr/share/bash-completion/completions/gatehouse',
  zsh: 'usr/share/zsh/vendor-completions/_gatehouse',
  fish: 'usr/share/fish/vendor_completions.d/gatehouse.fish',
};

/** Printed by the program that has been written to `tree`. */
function writeCompletions(tree: string): void {
  const node = join(tree, PROGRAM, 'bin/node');
  const program = join(tree, PROGRAM, 'scripts/gatehouse.mjs');
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' };
  for (const [shell, file] of Object.entries(COMPLETIONS)) {
    write(join(tree, file), execFileSync(node, [program, 'completion', shell], { env }));
  }
}

function writeDocumentation(root: string, tree: string): void {
  const folder = join(tree, 'usr/share/doc/gatehouse');
  install(join(root, 'deploy/deb/files/copyright'), join(folder, 'copyright'));
  install(join(root, 'config/gateway.schema.json'), join(folder, 'gateway.schema.json'));
  writeCompressed(join(root, 'docs/gatehouse.1'), join(tree, 'usr/share/man/man1/gatehouse.1.gz'));
  writeCompressed(join(root, 'CHANGELOG.md'), join(folder, 'changelog.gz'));
  const [node] = readdirSync(join(root, 'node_modules/node/node_modules')).filter((name) =>
    name.startsWith('node-linux-'),
  );
  writeCompressed(join(root, 'node_modules/node/node_modules', node ?? '', 'LICENSE'), join(folder, 'LICENSE.node.gz'));
  for (const page of globSync('**/*.md', { cwd: join(root, 'docs') })) {
    install(join(root, 'docs', page), join(folder, page));
  }
}

function install(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

function write(file: string, content: string | Buffer): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function writeCompressed(from: string, to: string): void {
  write(to, gzipSync(readFileSync(from), { level: 9 }));
}

function npm(folder: string, ...args: readonly string[]): string {
  return execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
