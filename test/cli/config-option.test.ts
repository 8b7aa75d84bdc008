import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { gatehouse } from '../support/processes/command.ts';

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-config-option-'));
test.after.always(() => rm(folder, { recursive: true }));

test('without --config, the file is that of GATEHOUSE_CONFIG; --config comes before it', async (t) => {
  const [packaged, named] = [join(folder, 'packaged.yaml'), join(folder, 'named.yaml')];
  await Promise.all(
    [packaged, named].map((file) =>
      writeFile(file, 'routes: [{ name: a, path: /a, upstream: "http://127.0.0.1:9" }]\n'),
    ),
  );
  const env = { GATEHOUSE_CONFIG: packaged };
  t.is((await gatehouse(['check'], folder, env)).stdout, `${packaged} is valid: 1 route\n`);
  t.is((await gatehouse(['check', '--config', named], folder, env)).stdout, `${named} is valid: 1 route\n`);
  t.regex((await gatehouse(['check'], folder, { GATEHOUSE_CONFIG: '' })).stderr, /^config\/gateway\.yaml:1:1 /);
});

test('an option in place of --config goes with GATEHOUSE_CONFIG', async (t) => {
  const ready = await gatehouse(['ready', '--url', 'http://127.0.0.1:9'], folder, { GATEHOUSE_CONFIG: 'absent.yaml' });
  t.regex(ready.stderr, /^http:\/\/127\.0\.0\.1:9 is not ready: /);
});
