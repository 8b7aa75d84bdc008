import type { WriteUnblocked } from './unblocked-output.ts';

/** An output for lines. Writing neither waits nor throws. */
export interface BoundedOutput {
  /** @param lines whole lines; written atomically if the system does so */
  write(lines: string): void;
  /** The number of dropped lines. */
  readonly dropped: number;
  /** Call when the process exits: waits briefly for a slow reader. */
  finish(): void;
}

/** @returns the line that reports the lines dropped before it */
export type TellOfLoss = (dropped: number, cause: string) => string;

/** Bytes that may wait in memory; more than a second of the busiest log. */
const CAPACITY = 4 * 1024 * 1024;
/** Milliseconds between two attempts; doubled after each one without progress. */
const FIRST_PAUSE = 2;
const LONGEST_PAUSE = 250;
/** Milliseconds to wait at the exit of the process: for a stalled reader, and for a slow one. */
const LAST_STILL = 1_000;
const LAST_IN_ALL = 3_000;
/** The only cause that usually passes soon. */
const SLOW = 'the reader of standard output does not keep up';
/** Milliseconds between two attempts at the exit. */
const LAST_PAUSE = 5;

/**
 * Writes to an output that may block or fail: a stalled or departed reader, a full disk. Lines then wait in memory, up to the
 * capacity; further ones are dropped and counted until the waiting ones are written. A line then reports the number.
 */
export function boundedOutput(write: WriteUnblocked, tell: TellOfLoss, capacity = CAPACITY): BoundedOutput {
  const waiting: (string | Buffer)[] = [];
  let bytes = 0;
  let dropped = 0;
  let untold = 0;
  let cause = '';
  let pause = FIRST_PAUSE;
  let isDue = false;

  /** @returns the rest of the chunk; null when it is written completely */
  const put = (piece: string | Buffer): string | Buffer | null => {
    try {
      const written = write(piece);
      if (written === Buffer.byteLength(piece)) return null;
      cause = SLOW;
      return Buffer.from(piece).subarray(written);
    } catch (error) {
      cause = causeOf(error);
      return piece;
    }
  };

  const keep = (piece: string | Buffer) => {
    waiting.push(piece);
    bytes += Buffer.byteLength(piece);
    retryLater();
  };

  const drop = (lines: string) => {
    let count = 0;
    for (let at = lines.indexOf('\n'); at !== -1; at = lines.indexOf('\n', at + 1)) count += 1;
    untold += count;
    dropped += count;
  };

  /** @returns whether anything was written */
  const writeWaiting = (): boolean => {
    const before = bytes;
    let done = 0;
    for (const piece of waiting) {
      const left = put(piece);
      bytes -= Buffer.byteLength(piece);
      if (left === null) {
        done += 1;
        continue;
      }
      bytes += Buffer.byteLength(left);
      waiting[done] = left;
      break;
    }
    waiting.splice(0, done);
    return bytes < before;
  };

  const writeAll = (): boolean => {
    const hasMoved = writeWaiting();
    if (waiting.length > 0 || untold === 0) return hasMoved;
    const line = tell(untold, cause);
    untold = 0;
    const left = put(line);
    if (left !== null) keep(left);
    return true;
  };

  const retryLater = () => {
    if (isDue) return;
    isDue = true;
    // Unreferenced: the exit of the process has its own limit for waiting lines.
    setTimeout(retry, pause).unref();
  };
  const retry = () => {
    isDue = false;
    pause = writeAll() ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, pause * 2);
    if (waiting.length > 0) retryLater();
  };

  return {
    write(lines) {
      if (waiting.length === 0) {
        const left = put(lines);
        if (left !== null) keep(left);
      } else if (untold > 0 || bytes + Buffer.byteLength(lines) > capacity) {
        drop(lines);
      } else {
        keep(lines);
      }
    },
    get dropped() {
      return dropped;
    },
    finish() {
      const start = performance.now();
      let movedAt = start;
      while (waiting.length > 0) {
        const hasMoved = writeAll();
        if (waiting.length === 0 || cause !== SLOW) return;
        const now = performance.now();
        if (hasMoved) movedAt = now;
        if (now - movedAt >= LAST_STILL || now - start >= LAST_IN_ALL) return;
        sleep(LAST_PAUSE);
      }
    },
  };
}

function causeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EAGAIN') return SLOW;
  if (code === 'ENOSPC') return 'no space is left where standard output is written';
  if (code === 'EPIPE') return 'standard output has no reader';
  return `standard output: ${error instanceof Error ? error.message : error}`;
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks: timers no longer run while the process exits. */
function sleep(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}
