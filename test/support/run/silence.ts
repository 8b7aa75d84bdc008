import type { ChildProcess } from 'node:child_process';

/**
 * Kills `child` when it has written nothing for `ms` milliseconds. A thread that is blocked in a library's own code can keep
 * ava from ending by its timeout, and the run would never end.
 */
export function endWhenSilent(child: ChildProcess, ms: number): void {
  const timer = setTimeout(() => {
    process.stderr.write(`The tests have written nothing for ${ms / 1000} seconds: ended.\n`);
    child.kill('SIGKILL');
  }, ms);
  const onOutput = () => void timer.refresh();
  child.stdout?.on('data', onOutput);
  child.stderr?.on('data', onOutput);
  child.once('exit', () => clearTimeout(timer));
}
