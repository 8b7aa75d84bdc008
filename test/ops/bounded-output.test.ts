import { constants, openSync } from 'node:fs';
import test from 'ava';
import { boundedOutput } from '../../gateway/ops/bounded-output.ts';
import { writingTo } from '../../gateway/ops/unblocked-output.ts';
import type { Scope } from '../lab/scope.ts';
import { holds } from '../lab/waiting/condition.ts';
import { stopwatch } from '../lab/waiting/stopwatch.ts';
import { pipeOfTest } from '../support/reports/outputs.ts';

const CAPACITY = 100_000;

/** An output into a pipe, and what comes out of it when it is read. */
function output(t: Scope) {
  const pipe = pipeOfTest(t);
  const unblocked = openSync(`/proc/self/fd/${pipe.writer}`, constants.O_WRONLY | constants.O_NONBLOCK);
  // Left open: what has not been taken is tried again until the process ends, and the number would be another file's then.
  const bounded = boundedOutput(writingTo(unblocked), (dropped, cause) => `dropped ${dropped}: ${cause}\n`, CAPACITY);
  return { ...bounded, bounded, pipe };
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${from + i} ${'x'.repeat(200)}\n`);
const numbersOf = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' ')[0]);

test('lines that a stalled reader leaves wait, and come whole and in order when it reads again', async (t) => {
  const { write, bounded, pipe } = output(t);
  // More than the 64 KiB of the pipe, less than these and the capacity together.
  for (const line of numbered(0, 600)) write(line);
  t.is(bounded.dropped, 0);
  let read = '';
  await holds('everything is read', () => {
    read += pipe.read();
    return numbersOf(read).length === 600;
  });
  t.deepEqual(
    numbersOf(read),
    Array.from({ length: 600 }, (_, i) => String(i)),
  );
  write('and on\n');
  t.is(pipe.read(), 'and on\n');
});

test('what is beyond the capacity is dropped, counted by lines, and told at its place when it goes on', async (t) => {
  const { write, bounded, pipe } = output(t);
  for (const line of numbered(0, 5_000)) write(line);
  // Several lines in one piece.
  write('5000\n5001\n5002\n');
  const { dropped } = bounded;
  const kept = 5_003 - dropped;
  t.true(kept * 203 < CAPACITY + 80_000);
  let read = '';
  await holds('the loss is told', () => {
    read += pipe.read();
    return read.includes('dropped');
  });
  write('after\n');
  read += pipe.read();
  t.deepEqual(numbersOf(read), [...Array.from({ length: kept }, (_, i) => String(i)), 'dropped', 'after']);
  t.regex(read, new RegExp(`^dropped ${dropped}: the reader of standard output does not keep up$`, 'm'));
  t.is(bounded.dropped, dropped);
});

const FAILING = {
  'a full disk': () => openSync('/dev/full', 'a'),
  'a reader that is gone': (t: Scope) => {
    const pipe = pipeOfTest(t);
    const descriptor = openSync(`/proc/self/fd/${pipe.writer}`, 'a');
    pipe.closeReader();
    return descriptor;
  },
};

for (const [name, open] of Object.entries(FAILING)) {
  test(`${name} throws nothing at whoever writes, takes no more memory than that, and is not waited for at the end`, (t) => {
    const descriptor = open(t);
    const bounded = boundedOutput(writingTo(descriptor), () => t.fail('nothing goes on') && '', CAPACITY);
    for (const line of numbered(0, 1_000)) bounded.write(line);
    t.true(bounded.dropped >= 500);
    const passed = stopwatch();
    bounded.finish();
    t.true(passed() < 400);
  });
}

test('at the end a reader that does not read is waited for, but not for long', (t) => {
  const { write, finish } = output(t);
  for (const line of numbered(0, 600)) write(line);
  const passed = stopwatch();
  finish();
  t.true(passed() < 5_000);
});
