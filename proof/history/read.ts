import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Line } from './line.ts';

/**
 * Reads a history that a run has written.
 *
 * @param see gets each line @throws Error where a line is none of a history, with its number
 */
export async function readHistory(file: string, see: (line: Line) => void): Promise<void> {
  let number = 0;
  const input = createReadStream(file);
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    try {
      see(lineOf(text));
    } catch (error) {
      throw new Error(`${file}:${number} ${error instanceof Error ? error.message : error}`);
    }
  }
  if (number === 0) throw new Error(`${file} is empty`);
}

/** The gateway's own programs have written it: that each line is an object with a type is all that is checked. */
function lineOf(text: string): Line {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && 'type' in value) return value as Line;
  throw new Error('a line of a history is an object with the key type');
}
