/**
 * Flags that Node accepts only on its command line. Most objects of a gateway live as long as one request, and buffers are
 * outside of V8's heap: with a larger young generation, and without a full collection for every few dozen megabytes of
 * buffers, a request costs a fifth less, and a long body half as much (docs/performance.md).
 */
export const NODE_FLAGS: readonly string[] = [
  '--min-semi-space-size=16',
  '--max-semi-space-size=32',
  '--external-memory-accounted-in-global-limit',
];

/**
 * Re-executes Node with these flags if they are missing. The pid stays, and signals need no process in between. Does nothing
 * where the system does not support it, or where NODE_OPTIONS sets sizes, which the command line would override.
 *
 * Must be called before anything is open.
 */
export function takeNodeFlags(): void {
  const { execPath, execArgv, argv, execve } = process;
  if (execve === undefined || NODE_FLAGS.every((flag) => execArgv.includes(flag))) return;
  if (/semi[-_]space[-_]size/.test(process.env.NODE_OPTIONS ?? '')) return;
  try {
    // After our flags, so that the operator's take precedence.
    execve(execPath, [execPath, ...NODE_FLAGS, ...execArgv, ...argv.slice(1)], process.env);
  } catch {
    // For instance, the executable was replaced since. This process continues without the flags.
  }
}
