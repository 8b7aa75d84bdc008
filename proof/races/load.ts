import { type ChildProcess, spawn } from 'node:child_process';

/** Keeps a processor busy in bursts of up to a fifth of a second, and allocates memory, as a busy neighbour does. */
const BURN = `
const until = (ms) => { const end = performance.now() + ms; let kept = []; while (performance.now() < end) kept = [kept.length, Buffer.alloc(4096)]; };
(function burst() { until(200 * Math.random()); setTimeout(burst, 60 * Math.random()); })();
process.stdin.on('end', () => process.exit()).resume();
`;

/** Starts this many processes that keep a processor busy. They end with this process, however it ends. @returns ends them */
export function startLoad(processes: number): () => void {
  // Their standard input ends with this process.
  const children: ChildProcess[] = Array.from({ length: processes }, () =>
    spawn(process.execPath, ['-e', BURN], { stdio: ['pipe', 'ignore', 'inherit'] }),
  );
  return () => {
    for (const child of children) child.kill('SIGKILL');
  };
}
