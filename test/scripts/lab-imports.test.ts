import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What the TypeScript files below a folder import from the other files of the tests, by paths from the root. */
function importedTestFiles(folder: string): string[] {
  return globSync(`${folder}/**/*.ts`, { cwd: ROOT, exclude: ['**/node_modules'] }).flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g)]
      .map(([, specifier = '']) => join(dirname(file), specifier))
      .filter((imported) => imported.startsWith('test/')),
  );
}

test('of the test files, the bench and the lab import those of the lab alone', (t) => {
  const imported = ['bench', 'test/lab'].flatMap(importedTestFiles);
  t.true(imported.length > 0);
  t.deepEqual(
    imported.filter((file) => !file.startsWith('test/lab/')),
    [],
  );
});
