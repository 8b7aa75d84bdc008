import { availableParallelism } from 'node:os';
import type { HashingLimits } from './hashing-queue.ts';

/** The maximum number of concurrent hashes: an Argon2 hash needs up to 256 MiB. */
const MAX_HASHES = 16;
/** Threads of libuv's pool beside those that hash, for DNS look-ups and files; libuv's default for the whole pool too. */
const OTHER_THREADS = 4;
/** The same in a smaller pool that the operator has set, for one DNS look-up and one file at a time; one thread may always hash. */
const MIN_OTHER_THREADS = 2;
const POOL_SIZE = 'UV_THREADPOOL_SIZE';
/** Milliseconds: below the common timeouts of clients and load balancers. */
const PATIENCE = 30_000;
const CAPACITY = 5_000;

/** The number of concurrent hashes for this machine; one core is left to the event loops. */
function machineWidth(): number {
  return Math.max(1, Math.min(MAX_HASHES, availableParallelism() - 1));
}

/**
 * Sizes libuv's thread pool, which computes the hashes, unless the operator has set UV_THREADPOOL_SIZE. Child processes
 * inherit the size. Must be called before the first use of the pool, which creates it.
 */
export function sizeThreadPool(): void {
  process.env[POOL_SIZE] ??= String(machineWidth() + OTHER_THREADS);
}

/**
 * Leaves one core to the event loops, and threads to DNS look-ups and files, so that a flood of wrong passwords does not stop
 * other requests. Several processes share the cores. Each may compute at least one hash; `ops/background-threads.ts` lowers
 * the priority of the threads.
 *
 * @param processes the number of the gateway's processes on this machine
 */
export function hashingLimits(processes: number): HashingLimits {
  const chosen = Number(process.env[POOL_SIZE] ?? OTHER_THREADS);
  const width = Math.min(Math.floor(machineWidth() / processes), chosen - MIN_OTHER_THREADS);
  return { width: Math.max(1, width), capacity: CAPACITY, patience: PATIENCE };
}
