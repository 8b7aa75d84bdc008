import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Values } from '../samples.ts';

/** Environment variables: the folder of the probes' files, and the milliseconds between two measurements. */
export const PROBE_FOLDER = 'SOAK_PROBES';
export const PROBE_EVERY = 'SOAK_PROBE_EVERY';

/** @returns the newest values of a process's probe; null: it has not measured yet */
export function newestOf(folder: string, pid: number): { readonly at: number; readonly values: Values } | null {
  try {
    const line =
      readFileSync(join(folder, `${pid}.jsonl`), 'utf8')
        .trimEnd()
        .split('\n')
        .at(-1) ?? '';
    return JSON.parse(line) as { at: number; values: Values };
  } catch {
    return null;
  }
}
