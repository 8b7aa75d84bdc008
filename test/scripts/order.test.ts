import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { LONG, longestFirst } from '../support/run/order.ts';

test('the files that are begun first are there', (t) => {
  const root = new URL('../../', import.meta.url);
  t.deepEqual(
    LONG.filter((file) => !existsSync(fileURLToPath(new URL(file, root)))),
    [],
  );
});

test('the longest file is begun first, and the short ones by name', (t) => {
  const [first = '', second = ''] = LONG;
  const files = ['/x/test/b.test.ts', `/x/${second}`, '/x/test/a.test.ts', `/x/${first}`];
  t.deepEqual(files.toSorted(longestFirst), [`/x/${first}`, `/x/${second}`, '/x/test/a.test.ts', '/x/test/b.test.ts']);
});
