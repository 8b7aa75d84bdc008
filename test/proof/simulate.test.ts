import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

const RUN = fileURLToPath(new URL('../../proof/simulate/run.ts', import.meta.url));

/** The simulation replaces clocks and timers, so it has a process of its own. */
async function simulate(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [RUN, ...args])) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

function traceOf(stdout: string): string | undefined {
  return /, trace ([0-9a-f]+)$/m.exec(stdout)?.[1];
}

test('simulated gateways answer as docs/outages.md promises, and a seed repeats a run', async (t) => {
  const [one, same] = await Promise.all([simulate(...SHORT), simulate(...SHORT)]);
  t.is(one.code, 0, one.stdout.slice(-6_000));
  t.regex(one.stdout, /^0 violations$/m);
  t.regex(one.stdout, /^answers: .*token 401 /m);
  t.truthy(traceOf(one.stdout));
  t.is(traceOf(same.stdout), traceOf(one.stdout));
  const other = await simulate('--seed', '13', '--steps', '2000');
  t.not(traceOf(other.stdout), traceOf((await simulate('--seed', '14', '--steps', '2000')).stdout));
});

/** A second or two. */
const SHORT = ['--seed', '12', '--steps', '10000'];

test('a wrong option is named in one line', async (t) => {
  const wrong = await simulate('--steps', 'many');
  t.is(wrong.code, 2);
  t.is(wrong.stderr, '--steps takes a whole number from 1 to 1000000000000, not "many"\n');
});
