import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { pauseProcess } from './pause-process.ts';

/** A program that runs beside the test and may be ended in every way. */
export interface ServerProcess {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Whether it has ended by itself or was ended. */
  readonly ended: boolean;
  /** null while it runs, and where a signal ended it. */
  readonly exitCode: number | null;
  /** Also where it is paused. Resolves when it is gone, with its exit code; null where the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** It keeps its connections, accepts new ones, and answers nothing. */
  pause(): void;
  continue(): void;
}

/** Starts a program that does not outlive the test, even where that times out and runs no teardown. */
export function startProcess(command: string, args: readonly string[], env = process.env): ServerProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} cannot be started`);
  const guard = guardOf(pid);
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  return {
    pid,
    stdout: child.stdout,
    stderr: child.stderr,
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

/** Notices by the end of its input that the test is gone, and ends the program. A Ctrl-C goes to the guard as well. */
function guardOf(pid: number): ChildProcess {
  return spawn('sh', ['-c', 'trap "" HUP INT TERM; cat; kill -9 "$0"', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}
