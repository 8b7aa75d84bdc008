import { readFileSync } from 'node:fs';

/** Descriptors kept for the operators' listener, the stores, the log and files. */
const RESERVE = 64;
/** The limit assumed if the system does not report one. */
const USUAL_DESCRIPTORS = 1_024;

/**
 * The number of concurrent client connections: half of the unreserved descriptors, since a request takes one for its
 * client and one for its upstream. If clients could take all, even health checks would fail.
 *
 * @param descriptors the process's limit of open files
 */
export function connectionLimit(descriptors = descriptorLimit()): number {
  return Math.max(1, Math.floor((descriptors - RESERVE) / 2));
}

/** Reads proc_pid_limits(5). */
function descriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft ?? USUAL_DESCRIPTORS);
  } catch {
    return USUAL_DESCRIPTORS;
  }
}
