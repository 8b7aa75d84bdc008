import type { DestinationStream } from 'pino';

export interface GatheredLines extends DestinationStream {
  /** Writes a line with the next batch. */
  gather(line: string): void;
  /** Writes a line at once, after the waiting ones. */
  write(line: string): void;
}

/** Milliseconds that a line may wait for others. */
const WAIT = 10;

/**
 * Batches lines that may wait: a write costs more than the rest of a line. The remaining lines are written when the process
 * exits, unless the system kills it.
 *
 * @param most maximum number of characters in a batch, unless a single line has more
 * @param prepare transforms each line first
 */
export function gatheredLines(
  output: DestinationStream,
  most: number,
  prepare: (line: string) => string = (line) => line,
): GatheredLines {
  let gathered = '';
  let isDue = false;
  const flush = () => {
    const lines = gathered;
    gathered = '';
    if (lines !== '') output.write(lines);
  };
  const onDue = () => {
    isDue = false;
    flush();
  };
  const add = (written: string) => {
    const line = prepare(written);
    if (gathered.length + line.length > most) flush();
    gathered += line;
  };
  process.on('exit', flush);
  return {
    gather(line) {
      add(line);
      if (isDue) return;
      isDue = true;
      // Referenced: keeps the process alive until the batch is written.
      setTimeout(onDue, WAIT);
    },
    write(line) {
      add(line);
      flush();
    },
  };
}
