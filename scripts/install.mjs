#!/usr/bin/env node
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitOnInstallError, InstallError } from './install-error.mjs';
import { lockInstallation } from './install-lock.mjs';
import { isSupported, minimumVersion } from './node-version.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const WINDOWS = process.platform === 'win32';

/**
 * Makes `node_modules` match package-lock.json, with `npm ci` when it does not, and finds the Node.js that runs TypeScript.
 *
 * @param {'everything' | 'runtime'} need 'runtime' is content with an installation that left out development dependencies.
 * @param {string} root The folder of package.json.
 * @returns {Promise<string>} The path of the pinned node, or of this process's own when that is recent enough.
 * @throws {InstallError} When npm fails, or no Node.js is recent enough.
 */
export async function ensureInstalled(need, root = ROOT) {
  if (!isInstalled(need, root)) {
    const release = await lockInstallation(join(root, '.install.lock'));
    try {
      // Another run may have done it while this one waited.
      if (!isInstalled(need, root)) await install(root);
    } finally {
      release();
    }
  }
  const pinned = pinnedNode(root);
  const failure = whyItFails(pinned);
  if (failure === null) return pinned;
  // npm puts this folder first on the PATH of its scripts, which would go on finding a node that cannot start.
  if (existsSync(pinned)) rmSync(join(root, 'node_modules', '.bin', 'node'), { force: true });
  if (isSupported(process.version)) return process.execPath;
  throw new InstallError(
    `Node.js ${process.version} is too old, and the one that npm installed does not run (${failure}). ` +
      `Install Node.js ${minimumVersion} or later, or mend that: a missing libatomic.so.1 is \`apt-get install libatomic1\` on Debian.`,
  );
}

function pinnedNode(root) {
  return join(root, 'node_modules', 'node', 'bin', WINDOWS ? 'node.exe' : 'node');
}

/** Null when it runs; a system without one of the libraries that it links to refuses it. */
function whyItFails(node) {
  if (node === process.execPath) return null;
  const { status, stderr, error } = spawnSync(node, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  if (status === 0) return null;
  return error?.message ?? stderr.trim().split('\n').at(-1);
}

/**
 * npm writes node_modules/.package-lock.json last, so an interrupted installation has none. Its entries are compared
 * with the lock file's, not the files' times, which a checkout or a copy changes.
 */
function isInstalled(need, root) {
  const wanted = lockedPackages(join(root, 'package-lock.json'));
  const present = lockedPackages(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === null) return true;
  if (present === null) return false;
  const complete = Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const installed = present[path];
    if (installed === undefined) return entry.optional === true || (need === 'runtime' && entry.dev === true);
    return installed.version === entry.version && installed.integrity === entry.integrity;
  });
  return complete && (existsSync(pinnedNode(root)) || isSupported(process.version));
}

function lockedPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? null;
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}

async function install(root) {
  process.stderr.write('Installing the dependencies (npm ci)…\n');
  const output = [];
  const { command, prefix, shell } = npmCommand(root);
  const npm = spawn(command, [...prefix, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    shell,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: pathWithoutThisProject(root) },
  });
  npm.stdout.on('data', (chunk) => output.push(chunk));
  npm.stderr.on('data', (chunk) => output.push(chunk));
  const stop = (signal) => npm.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  const outcome = await new Promise((resolve) => {
    npm.on('error', (error) => resolve(error.message));
    npm.on('close', (code, signal) =>
      resolve(code === 0 ? null : `npm ci ended with ${signal ?? `exit code ${code}`}`),
    );
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, stop);
  if (outcome !== null) {
    throw new InstallError(
      `Could not install the dependencies: ${outcome}. Mend what npm says above, then run \`npm ci\`.`,
      Buffer.concat(output).toString(),
    );
  }
}

/** npm as it was called, else the one on the PATH. */
function npmCommand(root) {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  const usable = script !== undefined && node !== undefined && !node.startsWith(join(root, 'node_modules'));
  return usable ? { command: node, prefix: [script], shell: false } : { command: 'npm', prefix: [], shell: WINDOWS };
}

/** `npm ci` begins by deleting node_modules, and so the pinned node, which must not be what runs npm. */
function pathWithoutThisProject(root) {
  const separator = WINDOWS ? ';' : ':';
  const own = join(root, 'node_modules');
  return (process.env.PATH ?? '')
    .split(separator)
    .filter((folder) => !folder.startsWith(own))
    .join(separator);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await ensureInstalled('everything').catch(exitOnInstallError);
}
