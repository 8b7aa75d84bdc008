import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { unblockSocketOutput } from '../workarounds/node-socket-output.ts';

/**
 * Writes to standard output without blocking; throws EAGAIN if the write would block.
 *
 * @returns the number of bytes written, possibly not all
 */
export type WriteUnblocked = (piece: string | Buffer) => number;

/**
 * A blocking write would stop the event loop, or, in another thread, prevent the process from exiting: only SIGKILL ends a
 * write to a stalled reader.
 *
 * O_NONBLOCK is a flag of the open file description, which all processes that inherited standard output share. Any of them
 * may clear it, as Node does when it exits. So a pipe or terminal is opened again. A file is not: its position is part of
 * the description, and a write to it waits only for the disk.
 */
export function unblockedOutput(): WriteUnblocked {
  const kind = fstatSync(STANDARD_OUTPUT);
  const isPipe = kind.isFIFO();
  if (isPipe || isatty(STANDARD_OUTPUT)) {
    try {
      const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
      return writingTo(openSync(`/proc/self/fd/${STANDARD_OUTPUT}`, O_WRONLY | O_NONBLOCK | O_NOCTTY));
    } catch {
      // It belongs to another user, as in a container, has no reader, or the system has no /proc.
    }
  }
  const write = writingTo(STANDARD_OUTPUT);
  if (!isPipe && !kind.isSocket()) return write;
  process.stdout.on('error', () => {});
  return (piece) => {
    unblockSocketOutput();
    return write(piece);
  };
}

const STANDARD_OUTPUT = 1;

/** @param descriptor a non-blocking file descriptor */
export function writingTo(descriptor: number): WriteUnblocked {
  return (piece) => (typeof piece === 'string' ? writeSync(descriptor, piece) : writeSync(descriptor, piece));
}
