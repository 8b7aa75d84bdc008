import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OperatorError } from '../../gateway/domain/errors.ts';
import { aptInstall } from '../../test/lab/packages/apt.ts';
import { findExecutable } from '../../test/lab/packages/executables.ts';
import { failureOf } from '../../test/lab/processes/failure.ts';

/** What the gateway is compared with: programs of Debian's packages, and the packages of npm in a folder of their own. */
export type Software = 'nginx' | 'haproxy' | 'caddy' | 'npm packages';

/** Where the packages of npm are installed. */
export const PACKAGES = join(import.meta.dirname, '../peers/packages');
export const MODULES = join(PACKAGES, 'node_modules');
const INSTALL_MS = 600_000;

/** Without these there is no measurement. Each: program, Debian package. */
const INDISPENSABLE = [
  ['nginx', 'nginx'],
  ['wrk', 'wrk'],
  ['mariadbd', 'mariadb-server'],
  ['redis-server', 'redis-server'],
  ['taskset', 'util-linux'],
] as const;

/** Installs what every measurement needs. @throws {OperatorError} When something cannot be had. */
export async function installIndispensable(): Promise<void> {
  for (const [program, debianPackage] of INDISPENSABLE) {
    const reason = await installProgram(program, debianPackage);
    if (reason !== null) throw new OperatorError(`The benchmark needs ${program}, and there is none: ${reason}.`);
  }
}

/** Installs what a peer needs, once. @returns why it cannot be had; null: it is there */
export async function install(software: Software): Promise<string | null> {
  return software === 'npm packages' ? await installPackages() : await installProgram(software, software);
}

/** Debian's own services are not started by that, nor those touched that run. */
async function installProgram(program: string, debianPackage: string): Promise<string | null> {
  if (findExecutable(program) !== null) return null;
  const reason = await aptInstall(program, debianPackage);
  if (reason !== null) return reason;
  return findExecutable(program) === null ? `after apt-get install, there is still no ${program}` : null;
}

/** npm leaves behind a copy of the lock file; when that is older than ours, what is installed may be as well. */
async function installPackages(): Promise<string | null> {
  const [installed, wanted] = [join(MODULES, '.package-lock.json'), join(PACKAGES, 'package-lock.json')];
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return null;
  process.stderr.write('Installing the peers of npm in bench/peers/packages…\n');
  try {
    await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: PACKAGES,
      timeout: INSTALL_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    return null;
  } catch (error) {
    return `npm ci failed: ${failureOf(error as Error)}`;
  }
}
