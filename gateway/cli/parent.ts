/** Milliseconds between two checks of the parent. */
const CHECK_INTERVAL = 500;

/**
 * Shuts this process down, as by SIGTERM, when its launcher (scripts/run-node.mjs, which forwards signals) has exited.
 * Otherwise an orphaned gateway would keep the port after the launcher is killed. Does nothing without a launcher.
 */
export function endWithParent(): void {
  const parent = process.env.GATEHOUSE_PARENT;
  if (parent === undefined) return;
  // Child processes have another parent.
  delete process.env.GATEHOUSE_PARENT;
  const timer = setInterval(() => {
    if (process.ppid === Number(parent)) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, CHECK_INTERVAL).unref();
}
