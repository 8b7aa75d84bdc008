import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { InstallError } from './install-error.mjs';

const WAIT_MS = 600_000;
const RETRY_MS = 200;

/**
 * Waits until no other process installs: two would delete each other's files. The lock of a process that is gone is
 * taken over.
 *
 * @param {string} file The lock.
 * @returns {Promise<() => void>} Releases the lock.
 * @throws {InstallError} After ten minutes, or when the lock cannot be written.
 */
export async function lockInstallation(file) {
  const giveUpAt = Date.now() + WAIT_MS;
  for (let told = false; ; told = true) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      const release = () => rmSync(file, { force: true });
      process.once('exit', release);
      return () => {
        process.off('exit', release);
        release();
      };
    } catch (error) {
      if (error.code !== 'EEXIST') throw new InstallError(`Cannot write ${file}: ${error.message}`);
    }
    const owner = lockOwner(file);
    if (owner !== null && !isAlive(owner)) {
      takeAway(file);
      continue;
    }
    if (Date.now() > giveUpAt) {
      throw new InstallError(`Another installation holds ${file} (process ${owner}): end it, or delete the file.`);
    }
    if (!told) process.stderr.write('Waiting for another installation in this folder…\n');
    await sleep(RETRY_MS);
  }
}

function lockOwner(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

/** Renamed first, so that of two runs that find the same dead owner only one removes its lock. */
function takeAway(file) {
  try {
    const stale = `${file}.${process.pid}`;
    renameSync(file, stale);
    rmSync(stale, { force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
