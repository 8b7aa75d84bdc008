import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { oneOf, readArguments, seedFrom, WrongUse, wholeNumber } from '../../proof/command-line.ts';
import { startProcess } from '../lab/processes/server-process.ts';
import type { Scope } from '../lab/scope.ts';
import { holds } from '../lab/waiting/condition.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const MODULE = join(ROOT, 'proof', 'command-line.ts');
const COMMANDS = ['fuzz', 'history', 'races', 'simulate', 'soak'];

/** Runs a command that has made a file and removes it at its end. */
function startCommand(t: Scope, loop: string) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-command-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = JSON.stringify(join(folder, 'left'));
  const program = `
    import { rmSync, writeFileSync } from 'node:fs';
    import { print, runCommand } from ${JSON.stringify(MODULE)};
    await runCommand(async (scope) => {
      scope.teardown(() => { print('what is untrue by now'); rmSync(${file}); });
      writeFileSync(${file}, '');
      ${loop}
    });`;
  const command = startProcess(process.execPath, ['--input-type=module-typescript', '--eval', program]);
  t.teardown(() => command.end('SIGKILL'));
  return { command, left: () => readdirSync(folder) };
}

const FOREVER = 'return await new Promise(() => setInterval(() => {}, 1000));';

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`a command that ${signal} interrupts removes what it has made, and says no more`, async (t) => {
    const { command, left } = startCommand(t, FOREVER);
    const said = Promise.all([text(command.stdout), text(command.stderr)]);
    await holds('it has begun', () => left().length === 1);
    t.is(await command.end(signal), code);
    t.deepEqual([left(), await said], [[], ['', '']]);
  });
}

test('a command whose output nobody reads any more ends without a stack trace', async (t) => {
  const { command, left } = startCommand(t, `setInterval(() => print('a line'), 5); ${FOREVER}`);
  await holds('it has begun', () => left().length === 1);
  const errors = text(command.stderr);
  command.stdout.destroy();
  await holds('it has ended', () => command.ended);
  t.deepEqual([command.exitCode, left(), await errors], [141, [], '']);
});

test('each command answers a wrong option with one line, and exit code 2', async (t) => {
  for (const name of COMMANDS) {
    const command = startProcess(process.execPath, [join(ROOT, 'proof', name, 'run.ts'), '--sed', '7']);
    t.teardown(() => command.end('SIGKILL'));
    const [output, errors] = await Promise.all([text(command.stdout), text(command.stderr)]);
    await holds('it has ended', () => command.ended);
    t.deepEqual(
      [output, errors, command.exitCode],
      ['', "Unknown option '--sed'; --help lists the options\n", 2],
      name,
    );
  }
});

function saidOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (error instanceof WrongUse) return error.message;
    throw error;
  }
}

test('numbers are whole and in their bounds, also negative ones, as the seeds of messages are', (t) => {
  const number = (...args: string[]) =>
    saidOf(() => {
      const { values } = readArguments(args, { options: { count: { type: 'string' } } });
      return wholeNumber('count', values.count, { usual: 7, least: -9, most: 20 });
    });
  t.is(number(), 7);
  t.is(number('--count', '20'), 20);
  t.is(number('--count', '-5'), -5);
  t.is(number('--count=-5'), -5);
  for (const given of ['21', '-10', 'x', '1.5', '1e1', '', ' 1', '0x1']) {
    t.is(number('--count', given), `--count takes a whole number from -9 to 20, not ${JSON.stringify(given)}`);
  }
  t.is(number('--count'), "Option '--count <value>' argument missing; --help lists the options");
  t.is(number('3'), "Unexpected argument '3'; --help lists the options");
});

test('a seed is of the time unless it is given, and a choice is one of those there are', (t) => {
  t.is(seedFrom(undefined, 5_000_000_001), 1);
  t.is(
    saidOf(() => seedFrom('-1', 0)),
    '--seed takes a whole number from 0 to 2147483647, not "-1"',
  );
  t.is(oneOf('database', 'postgres', ['mariadb', 'postgres']), 'postgres');
  t.is(
    saidOf(() => oneOf('database', 'x', ['mariadb', 'postgres'])),
    '--database takes one of mariadb, postgres, not "x"',
  );
});
