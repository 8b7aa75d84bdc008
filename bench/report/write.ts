import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reportOf } from './markdown.ts';
import { plotOf } from './plot.ts';
import { type Results, saveResults } from './results.ts';

const FOLDER = join(import.meta.dirname, '..');

/** Keeps the results, and makes `results.md` and `results.svg` of them. */
export async function writeReport(results: Results): Promise<void> {
  await saveResults(results);
  await writeFile(join(FOLDER, 'results.md'), reportOf(results));
  const plot = plotOf(results);
  if (plot !== null) await writeFile(join(FOLDER, 'results.svg'), plot);
}
