import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Milliseconds between two samples. */
const LOOK = 100;

/** @returns the resident memory of a process in bytes */
export async function residentMemory(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout) * 1024;
}

/** Samples a process while `act` runs. @returns its maximum resident memory in bytes */
export async function mostMemoryDuring(pid: number, act: () => Promise<void>): Promise<number> {
  let isOver = false;
  let most = await residentMemory(pid);
  const watching = (async () => {
    while (!isOver) {
      await delay(LOOK);
      most = Math.max(most, await residentMemory(pid));
    }
  })();
  try {
    await act();
  } finally {
    isOver = true;
    await watching;
  }
  return most;
}
