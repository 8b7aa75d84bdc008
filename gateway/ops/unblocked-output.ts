import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { unblockSocketOutput } from '../workarounds/node-socket-output.ts';

/**
 * Writes to standard output, or throws EAGAIN where that would have to wait for a reader.
 *
 * @returns how many bytes were written, which may be fewer than there are
 */
export type WriteUnblocked = (piece: string | Buffer) => number;

/**
 * A write that waits in the system stops the event loop, and one in a thread of its own stops the end of the process:
 * nothing but SIGKILL ends a write that waits for a reader who has stalled. So none may wait.
 *
 * O_NONBLOCK belongs to an open file description, which standard output shares with everybody who has inherited it, and
 * who may take it back at any moment, as each process of Node does when it ends. So a pipe or terminal is opened anew. A
 * file is not: it has its position in the description, and a write to it waits for a disk alone.
 */
export function unblockedOutput(): WriteUnblocked {
  const kind = fstatSync(STANDARD_OUTPUT);
  const isPipe = kind.isFIFO();
  if (isPipe || isatty(STANDARD_OUTPUT)) {
    try {
      const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
      return writingTo(openSync(`/proc/self/fd/${STANDARD_OUTPUT}`, O_WRONLY | O_NONBLOCK | O_NOCTTY));
    } catch {
      // It belongs to another user, as in a container, or has no reader, or the system has no /proc.
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

/** @param descriptor on which a write fails where it would have to wait */
export function writingTo(descriptor: number): WriteUnblocked {
  return (piece) => (typeof piece === 'string' ? writeSync(descriptor, piece) : writeSync(descriptor, piece));
}
