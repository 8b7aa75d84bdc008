import type { DestinationStream } from 'pino';

export interface GatheredLines extends DestinationStream {
  /** Takes a line that may wait. */
  gather(line: string): void;
  /** Writes a line at once, with what came before it. */
  write(line: string): void;
}

/** Milliseconds that a line may wait for others. */
const WAIT = 10;

/**
 * Writes lines together that may wait: a write costs more than the rest of a line. What is left is written when the process
 * exits, unless the system kills it.
 *
 * @param most characters that are written together, unless one line has more
 * @param prepare what becomes of each line before
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
      // It keeps the process for so long, as a write that is under way would.
      setTimeout(onDue, WAIT);
    },
    write(line) {
      add(line);
      flush();
    },
  };
}
