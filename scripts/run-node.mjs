import { spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs another Node.js in place of this process: same terminal, signals passed on, and this process ends as it ended.
 *
 * @param {string} node The path of the node to run.
 * @param {string[]} args A script and its arguments.
 * @param {Record<string, string>} variables Of its environment, beside those of this process.
 */
export function runNode(node, args, variables = {}) {
  const env = { ...process.env, ...variables };
  // The child has another pid.
  if (env.LISTEN_PID === String(process.pid)) delete env.LISTEN_PID;
  const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', ...passedSockets()], env });
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

/**
 * The sockets of a service manager, whose descriptors begin at 3 (sd_listen_fds(3)).
 *
 * @returns {number[]}
 */
function passedSockets() {
  const sockets = [];
  for (let fd = 3; isSocket(fd); fd += 1) sockets.push(fd);
  return sockets;
}

/** @param {number} fd */
function isSocket(fd) {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}
