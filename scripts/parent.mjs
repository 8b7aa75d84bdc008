/** Milliseconds between two looks at the parent. */
const LOOK = 500;

/**
 * Ends this process, as by SIGTERM, when npm has gone: npm runs its scripts in a shell that a signal ends without passing it
 * on, and the gateway would stay behind with nobody who knows of it.
 */
export function endWithNpm() {
  if (process.env.npm_command === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, LOOK).unref();
}
