import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '../../lab/scope.ts';

/** A named pipe that this process reads on demand. */
export interface PipeOfTest {
  /** The blocking end for a program's standard output. */
  readonly writer: number;
  /** Reads the current content of the pipe. */
  read(): string;
  /** Closes the reading end. */
  closeReader(): void;
}

export function pipeOfTest(t: Scope): PipeOfTest {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pipe-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  let reader: number | null = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  const closeReader = () => {
    if (reader !== null) closeSync(reader);
    reader = null;
  };
  t.teardown(() => {
    closeReader();
    closeSync(writer);
    rmSync(folder, { recursive: true, force: true });
  });
  const piece = Buffer.alloc(65_536);
  return {
    writer,
    read() {
      const read: Buffer[] = [];
      for (;;) {
        const size = readUpTo(reader, piece);
        if (size === 0) return Buffer.concat(read).toString();
        read.push(Buffer.from(piece.subarray(0, size)));
      }
    },
    closeReader,
  };
}

function readUpTo(reader: number | null, piece: Buffer): number {
  if (reader === null) return 0;
  try {
    return readSync(reader, piece);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0;
    throw error;
  }
}

const PYTHON = `
import os, signal, sys
pid, master = os.forkpty()
if pid == 0:
    os.dup2(int(sys.argv[1]), 2)
    os.execv(sys.argv[2], sys.argv[2:])
signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** Starts a program on a terminal that accepts no output, as after Ctrl-S. Forwards SIGTERM. */
export function onStoppedTerminal(command: readonly string[]) {
  return spawn('python3', ['-c', PYTHON, '2', ...command], { stdio: ['ignore', 'ignore', 'pipe'] });
}
