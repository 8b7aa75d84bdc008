import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { pauseProcess } from './pause-process.ts';

/** A program that a test starts, stops, kills and pauses. */
export interface ServerProcess {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Whether it has exited, for any reason. */
  readonly ended: boolean;
  /** null while it runs, or if a signal ended it. */
  readonly exitCode: number | null;
  /** Works on a paused process too. Resolves at the exit, with the exit code; null if the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** A paused process keeps its connections; the kernel accepts new ones; nothing is answered. */
  pause(): void;
  continue(): void;
}

/**
 * Starts a program that does not outlive the test, even if the test times out and runs no teardown.
 *
 * @param sockets descriptors that it inherits, as 3 and on
 */
export function startProcess(
  command: string,
  args: readonly string[],
  env = process.env,
  sockets: readonly number[] = [],
): ServerProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe', ...sockets], env });
  const { pid, stdout, stderr } = child;
  if (pid === undefined || stdout === null || stderr === null) throw new Error(`${command} cannot be started`);
  const guard = guardOf(pid);
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  return {
    pid,
    stdout,
    stderr,
    get ended() {
      return ended();
    },
    get exitCode() {
      return child.exitCode;
    },
    async end(signal) {
      child.kill('SIGCONT');
      child.kill(signal);
      if (!ended()) await once(child, 'exit');
      guard.kill('SIGKILL');
      guard.stdin?.destroy();
      return child.exitCode;
    },
    pause: () => pauseProcess(child),
    continue: () => void child.kill('SIGCONT'),
  };
}

/** Ends the program when its standard input closes because the test has exited. Ctrl-C reaches this guard too. */
function guardOf(pid: number): ChildProcess {
  return spawn('sh', ['-c', 'trap "" HUP INT TERM; cat; kill -9 "$0"', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}
