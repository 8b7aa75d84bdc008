import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OperatorError } from '../../gateway/domain/errors.ts';
import { findExecutable } from '../../test/lab/packages/executables.ts';
import { MODULES } from '../harness/packages.ts';

const ROOT_MODULES = join(import.meta.dirname, '../../node_modules');

/** The path of a program that has been installed. */
export function executable(name: string): string {
  const found = findExecutable(name);
  if (found === null) throw new OperatorError(`${name} is missing.`);
  return found;
}

/** What a program prints about its version: the first number with dots of either output. */
export async function programVersion(path: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(path, args);
  return /\d+(\.\d+)+/.exec(stdout + stderr)?.[0] ?? '?';
}

/** The versions of npm packages, such as `koa 3.3.0, undici 8.12.4`. @param where the peers' folder, or the gateway's own */
export async function packageVersions(where: 'peers' | 'gateway', ...names: string[]): Promise<string> {
  const modules = where === 'peers' ? MODULES : ROOT_MODULES;
  const versions = names.map(async (name) => {
    const { version } = JSON.parse(await readFile(join(modules, name, 'package.json'), 'utf8')) as { version: string };
    return `${name} ${version}`;
  });
  return (await Promise.all(versions)).join(', ');
}
