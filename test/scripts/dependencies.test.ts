import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

interface Locked {
  readonly version?: string;
  readonly dev?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly integrity?: string;
}

const { packages } = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const locked = Object.entries(packages).filter(([path]) => path !== '');
const production = locked.filter(([, { dev }]) => dev !== true);

test('THIRD-PARTY-LICENSES.md has the licences of what the gateway runs with, and all of them are accepted', async (t) => {
  const script = fileURLToPath(new URL('scripts/licences.mjs', ROOT));
  await t.notThrowsAsync(promisify(execFile)(process.execPath, ['--no-deprecation', script, '--check']));
});

test('what the gateway runs with is the same on every platform, so that one installation serves all images', (t) => {
  t.true(production.length > 100);
  t.deepEqual(
    production.filter(([, { os, cpu }]) => os !== undefined || cpu !== undefined).map(([path]) => path),
    [],
  );
});

test('the SBOM lists what the gateway runs with, and nothing else', async (t) => {
  const script = fileURLToPath(new URL('scripts/sbom.mjs', ROOT));
  const { stdout } = await promisify(execFile)(process.execPath, [script], { maxBuffer: 64 * 1024 * 1024 });
  const { components } = JSON.parse(stdout) as { readonly components: readonly { readonly purl: string }[] };
  const listed = new Set(components.map(({ purl }) => decodeURIComponent(purl)));
  const expected = production.map(
    ([path, { version }]) => `pkg:npm/${path.replace(/^.*node_modules\//, '')}@${version}`,
  );
  t.deepEqual([...listed].toSorted(), [...new Set(expected)].toSorted());
});

test('the lock file has a checksum of every package', (t) => {
  t.deepEqual(
    locked.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path),
    [],
  );
});

test('workflows use actions by commit and images by digest, with the version beside it', (t) => {
  const files = globSync('.github/workflows/*.yml', { cwd: ROOT });
  t.true(files.length >= 2);
  for (const file of files) {
    const used = [...read(file).matchAll(/^ *(?:- )?(uses|container): (.*)$/gm)];
    for (const [, kind, what = ''] of used.filter(([, , what = '']) => !what.startsWith('./'))) {
      const pinned =
        kind === 'uses' ? /^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/ : /^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/;
      t.regex(what, pinned, file);
    }
  }
});

test('images and workflows have the Node.js of the tests, by digest', (t) => {
  const { devDependencies } = JSON.parse(read('package.json')) as {
    readonly devDependencies: { readonly node: string };
  };
  const images = [...read('Dockerfile').matchAll(/^FROM (?:--platform=\S+ )?(\S+)/gm)].map(([, image]) => image);
  t.is(images.length, 2);
  t.is(new Set(images).size, 1);
  t.regex(images[0] ?? '', new RegExp(`^node:${RegExp.escape(devDependencies.node)}-slim@sha256:[0-9a-f]{64}$`));
  for (const file of globSync('.github/workflows/*.yml', { cwd: ROOT })) {
    const versions = [...read(file).matchAll(/node(?:-version)?:\s*\[?"?(\d[\d.]+)/g)].map(([, version]) => version);
    t.deepEqual(
      versions.filter((version) => version !== devDependencies.node && version !== '24.12.0'),
      [],
    );
  }
});
