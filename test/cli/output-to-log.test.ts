import { tmpdir } from 'node:os';
import test from 'ava';
import { startProgram } from '../support/run/program.ts';

const LOG = new URL('../../gateway/ops/log.ts', import.meta.url).href;
const OUTPUT = new URL('../../gateway/cli/output-to-log.ts', import.meta.url).href;

/** Runs JavaScript in a process that has its output be lines of the log. */
async function linesOf(code: string) {
  const program = `
    import { createLog } from ${JSON.stringify(LOG)};
    import { sendOutputToLog } from ${JSON.stringify(OUTPUT)};
    sendOutputToLog(createLog({ level: 'info', format: 'json' }));
    ${code}`;
  const ended = await startProgram(['--input-type=module', '--eval', program], tmpdir()).ended;
  const lines = ended.stdout.split('\n').slice(0, -1);
  return { ...ended, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test('what libraries write to the console, and what Node warns of, are lines of the log', async (t) => {
  const { code, stderr, lines } = await linesOf(`
    console.log('a %s', 'b');
    console.error(new TypeError('broken'));
    console.warn({ a: 1 });
    console.table([]);
    process.emitWarning('old', 'DeprecationWarning', 'DEP1');
  `);
  t.deepEqual([code, stderr], [0, '']);
  t.deepEqual(
    lines.map(({ level, source }) => [level, source]),
    [
      ['info', 'console'],
      ['warn', 'console'],
      ['warn', 'console'],
      ['info', 'console'],
      ['warn', 'node'],
    ],
  );
  t.is(lines[0]?.msg, 'a b');
  t.regex(String(lines[1]?.msg), /^TypeError: broken\n/);
  t.like(lines[4], { msg: 'old', warning: 'DeprecationWarning' });
});

test('an error that nobody catches is a line of the log, and ends the process with 1', async (t) => {
  const { code, stderr, lines } = await linesOf(`setTimeout(() => { throw new TypeError('thrown'); });`);
  t.deepEqual([code, stderr], [1, '']);
  t.is(lines.length, 1);
  t.like(lines[0], { level: 'fatal', fault: 'gateway', msg: 'uncaught exception', err: { message: 'thrown' } });
});

test('a rejection that nobody awaits is one too, and ends nothing', async (t) => {
  const { code, lines } = await linesOf(`void Promise.reject(new Error('rejected'));`);
  t.is(code, 0);
  t.like(lines[0], { level: 'error', msg: 'unhandled rejection', err: { message: 'rejected' } });
});
