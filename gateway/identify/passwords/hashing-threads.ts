import { availableParallelism } from 'node:os';
import type { HashingLimits } from './hashing-queue.ts';

/** An Argon2 hash takes up to 256 MiB while it is computed, so more cores than this are left alone. */
const MOST = 16;
/** Threads of libuv's pool that are left to DNS look-ups and files while all others hash. */
const OTHERS = 4;
const POOL_SIZE = 'UV_THREADPOOL_SIZE';
/** Milliseconds: below the common timeouts of clients and load balancers. */
const PATIENCE = 30_000;
const CAPACITY = 5_000;

/** How many hashes this machine computes at the same time beside its event loops, which keep one core. */
function machineWidth(): number {
  return Math.max(1, Math.min(MOST, availableParallelism() - 1));
}

/**
 * Sizes libuv's thread pool, where hashes are computed, for as many as the machine can compute at the same time. A size that
 * the operator has chosen stays. Child processes inherit it. To be called before anything uses the pool, which is made then.
 */
export function sizeThreadPool(): void {
  process.env[POOL_SIZE] ??= String(machineWidth() + OTHERS);
}

/**
 * Leaves a core to the event loops, and threads to DNS look-ups and files: under a flood of wrong passwords everything else
 * goes on. Several processes share the cores; each computes one hash at least, on threads that give way to the event loop.
 *
 * @param processes that are this gateway on this machine
 */
export function hashingLimits(processes: number): HashingLimits {
  const chosen = Number(process.env[POOL_SIZE] ?? OTHERS);
  const width = Math.min(Math.floor(machineWidth() / processes), chosen - 2);
  return { width: Math.max(1, width), capacity: CAPACITY, patience: PATIENCE };
}
