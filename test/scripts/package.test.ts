import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { stringify } from 'yaml';
import { phpassDigest } from '../../gateway/identify/passwords/hashes/rounds/phpass-digest.ts';
import { ADA, basic } from '../lab/gateways/gateway.ts';
import { childrenOf } from '../lab/gateways/workers.ts';
import { startProcess } from '../lab/processes/server-process.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { environment, installed, packCopy } from '../support/packages/package.ts';
import { gatehouse } from '../support/processes/command.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Milliseconds for two builds and an installation, beside the other tests. */
const SET_UP_LIMIT = 600_000;
/** Of an author who has the types of the package. */
const MODULE = `
import type { Intercept } from '@gatehouse/gateway';

const intercept: Intercept = (body, { headers }, request, answer) => {
  answer.setHeader('X-Seen', [request.headers['x-user-id'] ?? '', headers['content-type'] ?? ''].flat().join());
  return body;
};
export default intercept;
`;
const run = promisify(execFile);

/** The paths of two packages, from two copies of this checkout. */
let packages: readonly [string, string];
/** A folder that had nothing before the package was installed. */
let app: string;

test.before(async (t) => {
  t.timeout(SET_UP_LIMIT);
  packages = [await packCopy(), await packCopy()];
  app = await installed(packages[0]);
  writeFileSync(join(app, 'intercept.mts'), MODULE);
});

test.after.always(() => {
  for (const file of packages ?? []) rmSync(dirname(file), { recursive: true, force: true });
  if (app !== undefined) rmSync(dirname(app), { recursive: true, force: true });
});

/** The path of a file of the installed package. */
function inPackage(path: string): string {
  return join(app, 'node_modules/@gatehouse/gateway', path);
}

/** The command as npm links it. */
function program(): string {
  return join(app, 'node_modules/.bin/gatehouse');
}

/** @param input its standard input. @returns its standard output */
async function command(args: readonly string[], input = ''): Promise<string> {
  const running = run(program(), [...args], { cwd: app, env: environment() });
  running.child.stdin?.end(input);
  return (await running).stdout;
}

/** What a gateway logs once it listens. */
async function listening(log: Readable): Promise<{ readonly url: string; readonly ops: string }> {
  for await (const text of createInterface(log)) {
    const line = JSON.parse(text);
    if (line.msg === 'listening') return line;
  }
  throw new Error('it ended before it listened');
}

test('two builds in two folders give the same bytes', (t) => {
  const [one, other] = packages.map((file) => readFileSync(file));
  t.true(one?.equals(other ?? Buffer.alloc(0)));
});

test('the package has the compiled code with its maps, the files and types beside it, and pages for people, nothing else', async (t) => {
  const { stdout } = await run('tar', ['--list', '--file', packages[0]]);
  const files = new Set(stdout.trim().split('\n'));
  const { exclude: forContributors } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.build.json'), 'utf8'));
  const compiled = globSync('gateway/**/*', { cwd: ROOT, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
    .filter((path) => !forContributors.includes(path))
    .map((path) => `dist/${path}`)
    .flatMap((path) => (path.endsWith('.ts') ? [path.replace(/ts$/, 'js'), path.replace(/ts$/, 'js.map')] : [path]));
  const expected = new Set(
    [
      ...['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'THIRD-PARTY-LICENSES.md', 'docs/gatehouse.1'],
      ...['scripts/gatehouse.mjs', 'scripts/node-version.mjs', 'scripts/parent.mjs'],
      ...['dist/package.json', 'dist/config/demo.yaml', 'dist/config/gateway.yaml', 'dist/config/gateway.schema.json'],
      ...[...compiled, 'dist/gateway/forward/proxy-middleware/intercept.d.ts'],
    ].map((path) => `package/${path}`),
  );
  t.deepEqual([...files.difference(expected)], []);
  t.deepEqual([...expected.difference(files)], []);
});

test('compiled code names no TypeScript, and the files that it reads beside itself are there', (t) => {
  const wrong = globSync('**/*.js', { cwd: inPackage('dist/gateway') }).flatMap((path) => {
    const file = inPackage(`dist/gateway/${path}`);
    const code = readFileSync(file, 'utf8');
    const typescript = [...code.matchAll(/(['"`])\.[^'"`\s]*\.ts\1/g)].map(([name]) => name);
    const read = [...code.matchAll(/new URL\((['"`])([^'"`$]+)\1, import\.meta\.url\)/g)].map(([, , url = '']) => url);
    // Node makes the folder of the cache.
    const missing = read.filter((url) => !existsSync(join(dirname(file), url)) && !url.includes('/.cache/'));
    return [...typescript, ...missing].map((name) => `${path}: ${name}`);
  });
  t.deepEqual(wrong, []);
});

test('it has the commands of the checkout, and each says how it is used', async (t) => {
  const help = await command(['--help']);
  t.is(help, (await gatehouse(['--help'])).stdout);
  const names = [...help.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name);
  t.true(names.length > 10);
  for (const name of names.filter((name) => name !== 'help')) {
    t.true((await command([name, '--help'])).startsWith(`Usage: gatehouse ${name} `), name);
  }
});

test('the configuration to start from is in the package, and the commands find it', async (t) => {
  mkdirSync(join(app, 'config'));
  writeFileSync(join(app, 'config/gateway.yaml'), readFileSync(inPackage('dist/config/gateway.yaml')));
  t.is(await command(['check']), 'config/gateway.yaml is valid: 1 route\n');
  t.regex(await command(['routes', 'GET', '/api/v1/orders/7']), /http:\/\/127\.0\.0\.1:9000\/orders\/7/);
  t.regex(await command(['migrate']), /0001-accounts/);
  t.true(existsSync(join(app, 'data/gatehouse.sqlite')));
});

test('it runs as one process with its workers, serves requests, pages and modules, and ends in order', async (t) => {
  const upstream = await httpUpstream(t);
  const file = join(app, 'gateway.yaml');
  const configuration = {
    ...{ listen: { port: 0 }, ops: { port: 0 }, workers: 2 },
    database: { url: `sqlite:${join(app, 'own.sqlite')}` },
    routes: [{ name: 'a', path: '/api/v1/a', upstream: upstream.url, proxy: { intercept: './intercept.mts' } }],
  };
  writeFileSync(file, stringify(configuration));
  await command(['user', 'add', ADA.email, '--confirmed', '--password-stdin', '--config', file], ADA.password);
  const gateway = startProcess(program(), ['start', '--config', file], environment());
  t.teardown(() => gateway.end('SIGKILL'));
  const { url, ops } = await listening(gateway.stdout);

  t.is(await command(['ready', '--url', ops]), 'ready\n');
  t.is(childrenOf(gateway.pid).length, 2);
  const answer = await fetch(`${url}/api/v1/a/7`, { headers: { authorization: basic(ADA) } });
  t.is(answer.headers.get('x-seen'), '1,application/json');
  const page = await (await fetch(`${url}/account/login`)).text();
  const [, style] = /href="([^"]+\.css)"/.exec(page) ?? [];
  t.is((await fetch(`${url}${style}`)).status, 200);
  t.is(await gateway.end('SIGTERM'), 0);
});

test('the demo needs no file', async (t) => {
  const env = { ...environment(), GATEHOUSE_PORT: '0', GATEHOUSE_OPS_PORT: '0' };
  const demo = spawn(program(), ['start', '--demo'], { cwd: app, env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => demo.kill('SIGKILL'));
  const ended = once(demo, 'exit');
  for await (const line of createInterface(demo.stdout)) if (line.startsWith('Ctrl-C stops it')) break;
  demo.kill('SIGTERM');
  t.deepEqual(await ended, [0, null]);
});

test('passwords are hashed in threads', async (t) => {
  const { computeInThread } = await import(
    pathToFileURL(inPackage('dist/gateway/identify/passwords/hashes/rounds/threads.js')).href
  );
  const work = { recipe: 'phpass', digest: 'md5', salt: 'abcdefgh', rounds: 2 ** 7, password: 'x' } as const;
  t.deepEqual(await computeInThread(work), phpassDigest(work));
});

test('the types of a module are those of the package, and a wrong module is found', async (t) => {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--types', 'node', '--typeRoots'];
  const compile = (file: string) =>
    run(process.execPath, [compiler, ...options, join(ROOT, 'node_modules/@types'), file], { cwd: app });
  await t.notThrowsAsync(compile('intercept.mts'));
  writeFileSync(join(app, 'wrong.mts'), MODULE.replace('return body;', 'return 7;'));
  const failure = await t.throwsAsync<Error & { stdout?: string }>(compile('wrong.mts'));
  t.regex(failure?.stdout ?? '', /wrong\.mts.*not assignable/);
});

test('an old Node.js is refused in one line', async (t) => {
  const pretends = "data:text/javascript,Object.defineProperty(process, 'version', { value: 'v22.9.0' })";
  const options = ['--import', pretends, inPackage('scripts/gatehouse.mjs'), 'check'];
  const failure = await t.throwsAsync<Error & { stderr?: string; code?: number }>(run(process.execPath, options));
  t.is(failure?.code, 1);
  t.is(failure?.stderr, 'Gatehouse needs Node.js 24.12 or later, and this is v22.9.0.\n');
});
