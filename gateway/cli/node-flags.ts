/**
 * What Node takes on its command line alone. A gateway makes much that lives as long as one request, and passes buffers on
 * that lie outside of V8's heap: with more room for the young, and without a full collection for every few dozen megabytes
 * of buffers, a request costs a fifth less, and a long body half as much (docs/performance.md).
 */
export const NODE_FLAGS: readonly string[] = [
  '--min-semi-space-size=16',
  '--max-semi-space-size=32',
  '--external-memory-accounted-in-global-limit',
];

/**
 * Begins this process anew with these flags where it has not got them: the same process to whoever started it, and no
 * second one between a signal and the gateway. Where the system cannot do that, it goes on without them; so it does where
 * somebody has chosen sizes in NODE_OPTIONS, which those on the command line would override.
 *
 * To be called before anything is open.
 */
export function takeNodeFlags(): void {
  const { execPath, execArgv, argv, execve } = process;
  if (execve === undefined || NODE_FLAGS.every((flag) => execArgv.includes(flag))) return;
  if (/semi[-_]space[-_]size/.test(process.env.NODE_OPTIONS ?? '')) return;
  try {
    // Behind ours, so that those that somebody has chosen hold.
    execve(execPath, [execPath, ...NODE_FLAGS, ...execArgv, ...argv.slice(1)], process.env);
  } catch {
    // As where the program's file has been replaced since. This process goes on as it is.
  }
}
