import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

test('what Node compiles is kept in node_modules of the installation', async (t) => {
  const file = new URL('../../gateway/cli/compile-cache.ts', import.meta.url);
  const script = `
    import { getCompileCacheDir } from 'node:module';
    import { keepCompiled } from '${file.href}';
    keepCompiled();
    process.stdout.write(getCompileCacheDir());
  `;
  const { NODE_COMPILE_CACHE: _own, NODE_DISABLE_COMPILE_CACHE: _off, ...env } = process.env;
  const options = ['--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, options, { env });
  // Node keeps a folder for each of its versions below the one it is told.
  t.is(dirname(stdout), fileURLToPath(new URL('../../node_modules/.cache/gatehouse', import.meta.url)));
});
