import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';

/** A program on a pseudo-terminal. */
export interface Terminal {
  /** Resolves when the screen shows the text, after the text of the previous call. */
  shows(text: string): Promise<void>;
  type(keys: string): void;
  /** Resolves with the exit code. */
  ended(): Promise<number | null>;
  /** The output of the program and the echo of the terminal. */
  screen(): string;
}

const LIMIT = 45_000;
const PYTHON = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

/** Starts a program on a pseudo-terminal, by `script` of util-linux or else Python. */
export function onTerminal(t: ExecutionContext, command: readonly string[], cwd: string): Terminal {
  const child = spawnOnTerminal(command, cwd);
  t.teardown(() => child.kill('SIGKILL'));
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  let screen = '';
  let seen = 0;
  // Waits for the end of the output, which may come after the exit.
  let isOver = false;
  void exit.then(() => {
    isOver = true;
  });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });

  return {
    async shows(text) {
      for (const deadline = Date.now() + LIMIT; Date.now() < deadline; await pause(10)) {
        const wasOver = isOver;
        const at = screen.indexOf(text, seen);
        if (at !== -1) {
          seen = at + text.length;
          return;
        }
        if (wasOver) break;
      }
      throw new Error(`the screen does not show ${JSON.stringify(text)}: ${JSON.stringify(screen)}`);
    },
    type: (keys) => void child.stdin?.write(keys),
    ended: () => exit,
    screen: () => screen,
  };
}

function spawnOnTerminal(command: readonly string[], cwd: string): ChildProcess {
  const version = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (version.stdout?.includes('util-linux')) {
    const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    return spawn('script', ['--quiet', '--return', '--command', quoted, '/dev/null'], { cwd });
  }
  return spawn('python3', ['-c', PYTHON, ...command], { cwd });
}
