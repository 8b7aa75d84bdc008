import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const ROOT = fileURLToPath(new URL('../gateway/', import.meta.url));

/** From the bottom up: a file imports from its own folder and from lower layers alone. */
const LAYERS: readonly (readonly string[])[] = [
  [
    'errors.ts',
    'state.ts',
    'soon.ts',
    'random-hex.ts',
    'compile-cache.ts',
    'node-flags.ts',
    'fields',
    'settings',
    'ops',
  ],
  ['database', 'redis', 'tokens', 'accounts', 'sessions', 'mail'],
  ['identify', 'authorise', 'forward'],
  ['request', 'control'],
  ['compose.ts', 'operated.ts', 'stores.ts', 'identification.ts', 'generation.ts', 'account-pages.ts'],
  ['cli', 'main.ts'],
];
/** Stores reach these as functions, so that they can be read and tested without any. */
const WITHOUT_STORES = ['identify', 'authorise', 'forward'];
const STORES = ['database', 'redis', 'tokens', 'accounts', 'sessions', 'mail'];
/** What has listeners and metrics. */
const WITH_OPS = ['ops', 'compose.ts', 'operated.ts', 'cli'];
/** What every layer may report to. */
const REPORTS = ['ops/log.ts', 'ops/store-state.ts', 'ops/redact.ts'];
const KOA = ['request', 'control'];

interface Import {
  readonly file: string;
  /** A path below `gateway/`, or the name of a package. */
  readonly imported: string;
}

const files = globSync('**/*.ts', { cwd: ROOT });
const imports: Import[] = files.flatMap((file) => {
  const source = readFileSync(join(ROOT, file), 'utf8');
  return [...source.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*(['"])([^'"]+)\1/g)].map(([, , specifier = '']) => ({
    file,
    imported: specifier.startsWith('.') ? relative(ROOT, join(ROOT, dirname(file), specifier)) : specifier,
  }));
});
const ours = imports.filter(({ imported }) => files.includes(imported));

/** The folder, or the file where it lies beside the folders. */
function unitOf(file: string): string {
  return file.split('/')[0] ?? '';
}

function layerOf(file: string): number {
  return LAYERS.findIndex((units) => units.includes(unitOf(file)));
}

function lines(found: readonly Import[]): string[] {
  return found.map(({ file, imported }) => `${file} imports ${imported}`);
}

test('every file of the gateway belongs to a layer', (t) => {
  t.deepEqual(
    files.filter((file) => layerOf(file) === -1),
    [],
  );
  t.true(ours.length > files.length);
});

test('every relative import names a file of the gateway', (t) => {
  const known = [...files, '../package.json'];
  const astray = imports.filter(({ imported }) => /^\.|\.ts$/.test(imported) && !known.includes(imported));
  t.deepEqual(lines(astray), []);
});

test('imports point down only', (t) => {
  t.deepEqual(lines(ours.filter(({ file, imported }) => layerOf(imported) > layerOf(file))), []);
});

test('what identifies, authorises and forwards imports no store', (t) => {
  const found = ours.filter(
    ({ file, imported }) => WITHOUT_STORES.includes(unitOf(file)) && STORES.includes(unitOf(imported)),
  );
  t.deepEqual(lines(found), []);
});

test('request and control do not import each other', (t) => {
  const units = (found: Import) => [unitOf(found.file), unitOf(found.imported)].sort().join();
  t.deepEqual(lines(ours.filter((found) => units(found) === 'control,request')), []);
});

test('of ops, all but what starts a gateway and the command line import the log, what keeps credentials out of it and the state of the stores alone', (t) => {
  const found = ours.filter(
    ({ file, imported }) =>
      unitOf(imported) === 'ops' && !REPORTS.includes(imported) && !WITH_OPS.includes(unitOf(file)),
  );
  t.deepEqual(lines(found), []);
});

test('Koa is known to request and control alone', (t) => {
  const found = imports.filter(({ file, imported }) => /^@?koa(\b|\/)/.test(imported) && !KOA.includes(unitOf(file)));
  t.deepEqual(lines(found), []);
});
