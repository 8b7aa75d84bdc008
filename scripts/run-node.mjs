import { spawn } from 'node:child_process';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs another Node.js in place of this process: same terminal, signals passed on, and this process ends as it ended.
 *
 * @param {string} node The path of the node to run.
 * @param {string[]} args A script and its arguments.
 * @param {Record<string, string>} variables Of its environment, beside those of this process.
 */
export function runNode(node, args, variables = {}) {
  const child = spawn(node, args, { stdio: 'inherit', env: { ...process.env, ...variables } });
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to every process of the foreground group: the child has it already.
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    });
  }
  // Otherwise the signal opens the inspector of this process. Node.js 20 has no flag against it.
  process.on('SIGUSR1', () => {});
  child.on('error', (error) => {
    process.stderr.write(`Cannot run ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const each of SIGNALS) process.removeAllListeners(each);
    process.kill(process.pid, signal);
  });
}
