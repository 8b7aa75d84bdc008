import test from 'ava';
import { gatheredLines } from '../../gateway/ops/gathered-lines.ts';
import { holds } from '../lab/waiting/condition.ts';

function lines(most = 10_000) {
  const written: string[] = [];
  return { written, output: gatheredLines({ write: (piece) => void written.push(piece) }, most) };
}

test('lines that may wait are written together, in their order', async (t) => {
  const { written, output } = lines();
  for (const line of ['one\n', 'two\n', 'three\n']) output.gather(line);
  t.deepEqual(written, []);
  await holds('the lines are written', () => written.length > 0);
  output.gather('four\n');
  await holds('the next line is written', () => written.length > 1);
  t.deepEqual(written, ['one\ntwo\nthree\n', 'four\n']);
});

test('a line that may not wait is written at once, with what came before it', async (t) => {
  const { written, output } = lines();
  output.gather('request\n');
  output.write('fault\n');
  t.deepEqual(written, ['request\nfault\n']);
  output.gather('request\n');
  await holds('the next line is written', () => written.length > 1);
  t.is(written.length, 2);
});

test('no more characters are written together than may be, and a longer line by itself', (t) => {
  const { written, output } = lines(10);
  const all = ['one\n', 'two\n', `${'x'.repeat(20)}\n`, 'three\n', 'four\n'];
  for (const line of all) output.gather(line);
  output.write('five\n');
  t.true(written.every((piece) => piece.length <= 10 || all.includes(piece)));
  t.is(written.join(''), `${all.join('')}five\n`);
});
