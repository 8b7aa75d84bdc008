import { execFile } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { findExecutable } from './executables.ts';
import { failureOf } from './private-server.ts';
import { type Attempt, type ServiceName, unavailable } from './service.ts';

const run = promisify(execFile);

const INSTALL_MS = 900_000;
/** How long, in seconds, another program's apt-get is waited for. */
const LOCK_S = 600;
const PACKAGES = { MySQL: 'mariadb-server', Redis: 'redis-server' } as const;
/** What Debian's packages ask before they start a service; exit code 101 forbids it. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';

/** Installs the server with apt-get, which needs root on Debian or a relative of it, and then starts it with `start`. */
export async function aptService(name: ServiceName, start: () => Promise<Attempt>): Promise<Attempt> {
  const failure = await aptInstall(name, PACKAGES[name]);
  if (failure !== null) return unavailable(failure);
  const attempt = await start();
  return attempt.kind === 'available' ? attempt : unavailable(`after apt-get install, ${attempt.reason}`);
}

/** @returns why the package could not be installed; null: it is. @param name what is in it, for the user */
export async function aptInstall(name: string, debianPackage: string): Promise<string | null> {
  const aptGet = findExecutable('apt-get');
  if (aptGet === null || !existsSync('/etc/debian_version')) return 'this is not Debian';
  if (process.getuid?.() !== 0) return 'apt-get needs root';
  process.stderr.write(`Installing ${name} (${debianPackage}) with apt-get…\n`);
  return withoutStartingServices(() => install(aptGet, debianPackage));
}

async function install(aptGet: string, debianPackage: string): Promise<string | null> {
  const options = {
    timeout: INSTALL_MS,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  try {
    await run(aptGet, ['update'], options);
    await run(
      aptGet,
      ['install', '-y', '-o', `DPkg::Lock::Timeout=${LOCK_S}`, '--no-install-recommends', debianPackage],
      options,
    );
    return null;
  } catch (error) {
    return `apt-get failed: ${failureOf(error as Error)}`;
  }
}

async function withoutStartingServices<T>(work: () => Promise<T>): Promise<T> {
  if (existsSync(POLICY_FILE)) return work();
  const remove = () => rmSync(POLICY_FILE, { force: true });
  process.on('exit', remove);
  writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await work();
  } finally {
    remove();
    process.off('exit', remove);
  }
}
