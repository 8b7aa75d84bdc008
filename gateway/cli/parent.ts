/** Milliseconds between two looks at the parent. */
const LOOK = 500;

/**
 * Ends this process in order, as by SIGTERM, when the process is gone that started it and passes signals on to it
 * (scripts/run-node.mjs): where that is killed, whoever started it would find the port taken by a gateway that nobody knows
 * of. Does nothing where there is none in between.
 */
export function endWithParent(): void {
  const parent = process.env.GATEHOUSE_PARENT;
  if (parent === undefined) return;
  // What this process starts has another parent.
  delete process.env.GATEHOUSE_PARENT;
  const timer = setInterval(() => {
    if (process.ppid === Number(parent)) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK).unref();
}
