import test from 'ava';
import { untornLine } from '../../gateway/ops/untorn-lines.ts';

const ONE_PIECE = 4_096;

test('a line that one write puts into a pipe in one piece is left as it is', (t) => {
  for (const path of ['/', `/${'x'.repeat(4_000)}`, `/${'é'.repeat(2_000)}`]) {
    const line = `${JSON.stringify({ level: 'info', path, msg: 'request' })}\n`;
    t.true(Buffer.byteLength(line) <= ONE_PIECE);
    t.is(untornLine(line), line);
  }
});

test('the texts of a longer one are shortened until it does, the short ones last', (t) => {
  const line = {
    level: 'error',
    worker: 2,
    path: 'é'.repeat(3_000),
    err: { stack: '\u0000'.repeat(9_000) },
    msg: 'request',
  };
  const text = untornLine(`${JSON.stringify(line)}\n`);
  t.true(Buffer.byteLength(text) <= ONE_PIECE);
  t.true(text.endsWith('\n'));
  const shortened = JSON.parse(text) as typeof line;
  t.like(shortened, { level: 'error', worker: 2, msg: 'request' });
  t.regex(shortened.path, /^é{100,}…$/);
  t.regex(shortened.err.stack, /^\0{100,}…$/);
});
