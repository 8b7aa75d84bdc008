import { readFileSync } from 'node:fs';

/** Descriptors for the operators' listener, the stores, the log and files. */
const RESERVE = 64;
/** Where the system does not say how many a process may have. */
const USUAL_DESCRIPTORS = 1_024;

/**
 * How many clients may be connected at the same time: half of the descriptors that are left, since a request takes one
 * for its client and one for its upstream. Where clients had all of them, nothing could be answered any more, not even
 * whether the process lives.
 *
 * @param descriptors how many this process may have
 */
export function connectionLimit(descriptors = descriptorLimit()): number {
  return Math.max(1, Math.floor((descriptors - RESERVE) / 2));
}

/** By proc_pid_limits(5). */
function descriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft ?? USUAL_DESCRIPTORS);
  } catch {
    return USUAL_DESCRIPTORS;
  }
}
