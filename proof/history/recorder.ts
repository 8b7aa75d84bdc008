import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Act, ActOutcome, Outage } from '../audit/events.ts';
import type { Line } from './line.ts';

/** Writes what happens, in the order in which it is told. */
export interface Recorder {
  write(line: Line): void;
  /** @returns ends the act */
  begins(act: Act, node: string): (outcome: ActOutcome, answer: string, issued?: string) => void;
  /** @returns ends the outage */
  outage(outage: Outage): () => void;
  close(): Promise<void>;
}

/** @param see gets each line too */
export function recordTo(file: string, see: (line: Line) => void): Recorder {
  const output = createWriteStream(file);
  let ids = 0;
  let isClosed = false;
  const now = () => performance.now();
  const write = (line: Line) => {
    // Requests that were under way when something failed.
    if (isClosed) return;
    output.write(`${JSON.stringify(line)}\n`);
    see(line);
  };
  return {
    write,
    begins(act, node) {
      ids += 1;
      const id = ids;
      write({ type: 'begins', id, at: now(), node, act });
      return (outcome, answer, issued) =>
        write({ type: 'ends', id, at: now(), outcome, answer, ...(issued !== undefined && { issued }) });
    },
    outage(outage) {
      ids += 1;
      const id = ids;
      write({ type: 'outage', id, at: now(), outage });
      return () => write({ type: 'outage over', id, at: now() });
    },
    async close() {
      isClosed = true;
      output.end();
      await once(output, 'close');
    },
  };
}
