import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const ROOT = fileURLToPath(new URL('../gateway/', import.meta.url));

/** From the top down: a file imports from its own folder and from those below it in this list alone. */
const FOLDERS: readonly string[] = [
  ...['cli', 'compose', 'control', 'request', 'owners', 'routing', 'access', 'forward', 'identify'],
  ...['revocation', 'stores', 'signing', 'http', 'ops', 'settings', 'fields', 'domain', 'workarounds'],
];
/** Forwarding can be read and tested without any store, and knows nothing of credentials. */
const UNKNOWN_TO_FORWARD = ['identify', 'revocation', 'stores', 'signing'];
/** Every layer may report to these of ops, and its threads lower their priority; what has listeners and metrics may import the rest. */
const REPORTS = ['ops/log.ts', 'ops/store-state.ts', 'ops/redact.ts', 'ops/background-threads.ts'];
const WITH_OPS = ['ops', 'compose', 'cli'];
const KOA = ['request', 'routing', 'control'];

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

function folderOf(file: string): string {
  return file.split('/')[0] ?? '';
}

function lines(found: readonly Import[]): string[] {
  return found.map(({ file, imported }) => `${file} imports ${imported}`);
}

test('every file of the gateway is in one of the folders, but for its entry', (t) => {
  t.deepEqual(
    files.filter((file) => !FOLDERS.includes(folderOf(file))),
    ['main.ts'],
  );
  t.true(ours.length > files.length);
});

test('every relative import names a file of the gateway', (t) => {
  const known = [...files, '../package.json'];
  const astray = imports.filter(({ imported }) => /^\.|\.ts$/.test(imported) && !known.includes(imported));
  t.deepEqual(lines(astray), []);
});

test('imports go down the list of folders only, types too', (t) => {
  const height = (file: string) => FOLDERS.indexOf(folderOf(file));
  t.deepEqual(lines(ours.filter(({ file, imported }) => height(imported) < height(file))), []);
});

test('of the settings, the schema imports neither rules nor reading, and the rules import no reading', (t) => {
  const below = { 'settings/schema': [], 'settings/rules': ['settings/schema'] };
  const partOf = (file: string) => file.split('/').slice(0, 2).join('/');
  const found = Object.entries(below).flatMap(([part, allowed]: [string, readonly string[]]) =>
    ours.filter(
      ({ file, imported }) =>
        partOf(file) === part && folderOf(imported) === 'settings' && ![part, ...allowed].includes(partOf(imported)),
    ),
  );
  t.deepEqual(lines(found), []);
});

test('no files import each other in a circle, types too', (t) => {
  const importsOf = Map.groupBy(ours, ({ file }) => file);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' → '));
    if (way.includes(file) || done.has(file)) return;
    for (const { imported } of importsOf.get(file) ?? []) visit(imported, [...way, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  t.deepEqual(circles, []);
});

test('what forwards imports neither stores nor anything of credentials', (t) => {
  const found = ours.filter(
    ({ file, imported }) => folderOf(file) === 'forward' && UNKNOWN_TO_FORWARD.includes(folderOf(imported)),
  );
  t.deepEqual(lines(found), []);
});

test('request and control do not import each other', (t) => {
  const folders = (found: Import) => [folderOf(found.file), folderOf(found.imported)].sort().join();
  t.deepEqual(lines(ours.filter((found) => folders(found) === 'control,request')), []);
});

test('of ops, all but what starts a gateway and the command line import the log, what keeps credentials out of it and the state of the stores alone', (t) => {
  const found = ours.filter(
    ({ file, imported }) =>
      folderOf(imported) === 'ops' && !REPORTS.includes(imported) && !WITH_OPS.includes(folderOf(file)),
  );
  t.deepEqual(lines(found), []);
});

test('Koa is known to request, routing and control alone', (t) => {
  const found = imports.filter(({ file, imported }) => /^@?koa(\b|\/)/.test(imported) && !KOA.includes(folderOf(file)));
  t.deepEqual(lines(found), []);
});

test('docs/architecture.md names files and folders that there are', (t) => {
  const text = readFileSync(join(ROOT, '../docs/architecture.md'), 'utf8');
  const named = [...text.matchAll(/`([a-z][a-z0-9/-]*(?:\/|\.ts))`/g)].map(([, path = '']) => path);
  t.true(named.length > 40);
  const folders = new Set(
    files.flatMap((file) => file.split('/').map((_, i, parts) => `${parts.slice(0, i).join('/')}/`)),
  );
  const known = (path: string) =>
    files.includes(path) || folders.has(path) || files.some((file) => dirname(file).endsWith(path.replace(/\/$/, '')));
  t.deepEqual(
    named.filter((path) => !known(path) && !existsSync(join(ROOT, '..', path))),
    [],
  );
});
