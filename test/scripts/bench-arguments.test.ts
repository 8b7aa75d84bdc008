import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import test from 'ava';
import { startProgram } from '../support/run/program.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** No program of its own. */
const MODULE = 'bench/options.ts';

for (const program of globSync('bench/*.ts', { cwd: ROOT }).filter((file) => file !== MODULE)) {
  test.serial(`${program} refuses an option that it does not have in one line`, async (t) => {
    const { code, stdout, stderr } = await startProgram([program, '--wrong'], ROOT).ended;
    t.deepEqual([code, stdout], [2, '']);
    t.regex(stderr, /^[^\n]*--wrong[^\n]*\n$/);
  });
}

test.serial('a program of bench/ prints its usage, and refuses a number out of its range in one line', async (t) => {
  const run = (argument: string) => startProgram(['bench/password-timing.ts', argument], ROOT).ended;
  t.like(await run('--help'), { code: 0, stdout: 'node bench/password-timing.ts [TRIES]\n', stderr: '' });
  for (const wrong of ['NaN', '0', '1e1', '']) {
    const { code, stderr } = await run(wrong);
    t.is(code, 2);
    t.regex(stderr, /^TRIES is a whole number from 1 to 100000, not [^\n]*\n$/);
  }
});
