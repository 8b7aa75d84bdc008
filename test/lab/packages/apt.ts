import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { failureOf } from '../processes/failure.ts';
import { findExecutable } from './executables.ts';

const run = promisify(execFile);

const INSTALL_MS = 900_000;
/** Seconds to wait for the lock of another apt-get. */
const LOCK_S = 600;
/** Debian's packages run this script before they start a service; exit code 101 forbids the start. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';

/** @param name the content of the package, for the user @returns why the installation failed; null: it succeeded */
export async function aptInstall(name: string, debianPackage: string): Promise<string | null> {
  const aptGet = findExecutable('apt-get');
  if (aptGet === null || !existsSync('/etc/debian_version')) return 'this is not Debian';
  if (process.getuid?.() !== 0) return 'apt-get needs root';
  process.stderr.write(`Installing ${name} (${debianPackage}) with apt-get…\n`);
  return oneAtATime(() => withoutStartingServices(() => install(aptGet, debianPackage)));
}

/** Test files run side by side, and `apt-get update` waits for no other. The lock ends with this process at the latest. */
async function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const holder = spawn('flock', [join(tmpdir(), 'gatehouse-apt.lock'), 'sh', '-c', 'echo held; cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
  try {
    return await work();
  } finally {
    holder.stdin.end();
  }
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
