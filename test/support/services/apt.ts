import { execFile } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { findExecutable } from './executables.ts';
import { failureOf } from './private-server.ts';
import { type Attempt, type ServiceName, unavailable } from './service.ts';

const run = promisify(execFile);

const INSTALL_MS = 900_000;
const PACKAGES = { MySQL: 'mariadb-server', Redis: 'redis-server' } as const;
/** What Debian's packages ask before they start a service; exit code 101 forbids it. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';

/** Installs the server with apt-get, which needs root on Debian or a relative of it, and then starts it with `start`. */
export async function aptService(name: ServiceName, start: () => Promise<Attempt>): Promise<Attempt> {
  const aptGet = findExecutable('apt-get');
  if (aptGet === null || !existsSync('/etc/debian_version')) return unavailable('this is not Debian');
  if (process.getuid?.() !== 0) return unavailable('apt-get needs root');
  process.stderr.write(`Installing ${PACKAGES[name]} with apt-get…\n`);
  const failure = await withoutStartingServices(() => install(aptGet, PACKAGES[name]));
  if (failure !== null) return unavailable(failure);
  const attempt = await start();
  return attempt.kind === 'available' ? attempt : unavailable(`after apt-get install, ${attempt.reason}`);
}

async function install(aptGet: string, debianPackage: string): Promise<string | null> {
  const options = {
    timeout: INSTALL_MS,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  try {
    await run(aptGet, ['update'], options);
    await run(aptGet, ['install', '-y', '--no-install-recommends', debianPackage], options);
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
