import { inheritsSockets } from '../ops/socket-descriptors.ts';

/** SIGUSR1 opens Node's inspector, by whose port every user of the machine can run code in the gateway. */
export const WITHOUT_INSPECTOR = '--disable-sigusr1';

/**
 * Most objects of a gateway live for one request, and buffers live outside V8's heap. A larger young generation, and fewer full
 * collections because of buffers, save a fifth of the CPU time of a request, and half of that of a long body
 * (docs/performance.md).
 */
export const HEAP_FLAGS: readonly string[] = [
  '--min-semi-space-size=16',
  '--max-semi-space-size=32',
  '--external-memory-accounted-in-global-limit',
];

/** All flags of the gateway. */
export const NODE_FLAGS: readonly string[] = [WITHOUT_INSPECTOR, ...HEAP_FLAGS];

/**
 * The command line of Node for the gateway and its workers: the flags that this process has, after those that are missing, so
 * that the operator's take precedence. The heap flags are left out where NODE_OPTIONS sets sizes, which the command line would
 * override.
 */
export function nodeArguments(): string[] {
  const { execArgv, env } = process;
  const wanted = /semi[-_]space[-_]size/.test(env.NODE_OPTIONS ?? '') ? [WITHOUT_INSPECTOR] : NODE_FLAGS;
  return wanted.every((flag) => execArgv.includes(flag)) ? [...execArgv] : [...wanted, ...execArgv];
}

/**
 * Re-executes Node with the flags that it accepts only on its command line, if some are missing. The pid stays the same, so no
 * process has to forward signals.
 *
 * Must be called before anything is open.
 */
export function takeNodeFlags(): void {
  const { execPath, execArgv, argv, execve } = process;
  const wanted = nodeArguments();
  if (wanted.length === execArgv.length) return;
  try {
    // At its start, Node has every descriptor closed on exec, those of passed sockets too.
    if (!inheritsSockets()) execve?.(execPath, [execPath, ...wanted, ...argv.slice(1)], process.env);
  } catch {
    // For instance, an upgrade has replaced the executable.
  }
  // This process continues without the flags. A listener takes the signal from the inspector too.
  process.on('SIGUSR1', () => {});
}
