import { appendFileSync } from 'node:fs';
import { queryObjects } from 'node:v8';

/** The environment variable that names the file to write to. */
export const PROMISES_FILE = 'PROMISES_FILE';

// Preloaded (`--import`), this appends the number of promises in memory as a line to that file, at each SIGUSR2.
const file = process.env[PROMISES_FILE];
if (file !== undefined)
  process.on('SIGUSR2', () => appendFileSync(file, `${queryObjects(Promise, { format: 'count' })}\n`));
