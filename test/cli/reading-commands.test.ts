import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import type { DatabaseLocation } from '../../gateway/settings/schema/database-url.ts';
import { sqlAccountStore } from '../../gateway/stores/accounts/store.ts';
import { openDatabase } from '../../gateway/stores/database/connection.ts';
import { migrate } from '../../gateway/stores/database/migrate.ts';
import { temporaryDatabase, urlOf } from '../lab/stores/database.ts';
import { FLASK, madeBy } from '../stores/accounts/frameworks.ts';

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');
const ROUTES = [{ name: 'orders', path: '/api/v1/orders', methods: ['GET'], upstream: 'http://127.0.0.1:9/base' }];

test('commands that read or change accounts make no database of a mistyped path', async (t) => {
  const { run, folder } = await configured(t, { database: { url: 'sqlite:missing/gatehouse.sqlite' } });
  for (const args of [
    ['user', 'list'],
    ['user', 'confirm', 'a@x'],
    ['token', 'list', 'a@x'],
    ['token', 'revoke', 'some-id'],
    ['check', '--accounts'],
  ]) {
    const { code, stdout, stderr } = await run(args);
    t.deepEqual([code, stdout], [1, ''], args.join(' '));
    t.regex(
      stderr,
      /^database\.url of \S+: there is no SQLite database \/\S+missing\/gatehouse\.sqlite: [^\n]*`gatehouse migrate`\.\n$/,
    );
  }
  t.false(existsSync(join(folder, 'missing')));
});

test('a database without tables is named as such, with what makes them', async (t) => {
  const location = await temporaryDatabase(t, 'mysql');
  const { run } = await configured(t, { database: { url: urlOf(location), timeout: '10s' } });
  for (const args of [
    ['user', 'list'],
    ['token', 'list', 'a@x'],
    ['user', 'remove', 'a@x'],
  ]) {
    t.deepEqual(await run(args), {
      code: 1,
      stdout: '',
      stderr: "The database lacks the gateway's tables: run `gatehouse migrate`, or start the gateway.\n",
    });
  }
  t.deepEqual(await tablesOf(t, location), []);
});

test("check --accounts and user list leave an application's database as it is, to the byte", async (t) => {
  const location = await temporaryDatabase(t, 'sqlite');
  if (location.kind !== 'sqlite') return t.fail();
  const database = openDatabase(location, { timeout: 10_000 });
  await madeBy(FLASK, database);
  await database.sql.raw('pragma journal_mode = delete');
  await database.close();
  const before = await readFile(location.file);
  const { run } = await configured(t, { database: { url: urlOf(location) }, accounts: FLASK.accounts });
  t.is((await run(['check', '--accounts'])).code, 0);
  t.is((await run(['user', 'list'])).code, 0);
  t.deepEqual(await readFile(location.file), before);
  t.false(existsSync(`${location.file}-wal`));
});

test("check --accounts adds no table to an application's database", async (t) => {
  const location = await temporaryDatabase(t, 'mysql');
  const database = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => database.close());
  await madeBy(FLASK, database);
  const { run } = await configured(t, { database: { url: urlOf(location), timeout: '10s' }, accounts: FLASK.accounts });
  t.is((await run(['check', '--accounts'])).code, 0);
  t.deepEqual(await tablesOf(t, location), ['users']);
});

test('check --accounts takes the time that a large table needs, whatever database.timeout says', async (t) => {
  const location = await temporaryDatabase(t, 'mysql');
  const database = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => database.close());
  await madeBy(FLASK, database);
  const { confirmed: _, ...columns } = FLASK.accounts.columns as Record<string, string>;
  const accounts = { ...FLASK.accounts, columns, confirmedWhen: 'sleep(2.5) = 0' };
  const { run } = await configured(t, { database: { url: urlOf(location), timeout: '2s' }, accounts });
  const { code, stderr } = await run(['check', '--accounts']);
  t.is(code, 0, stderr);
});

test('commands that neither sign nor verify tokens ask for no token secret', async (t) => {
  const location = await temporaryDatabase(t, 'sqlite');
  const { run } = await configured(t, {
    database: { url: urlOf(location) },
    tokens: { secrets: [`\${TOKEN_SECRET}`], lifetime: '10m' },
  });
  t.is((await run(['migrate'])).code, 0);
  t.deepEqual(await run(['user', 'list', '--json']), { code: 0, stdout: '[]\n', stderr: '' });
  t.is((await run(['routes'])).code, 0);
  t.is((await run(['check', '--accounts'])).code, 0);
  const { code, stderr } = await run(['check']);
  t.is(code, 1);
  t.regex(stderr, /tokens\.secrets\[0\].*TOKEN_SECRET/);
});

test('a reader that leaves early, as head does, ends a command without an error', async (t) => {
  const location = await temporaryDatabase(t, 'sqlite');
  const database = openDatabase(location, { timeout: 10_000 });
  await migrate(database);
  // More than a pipe holds (pipe(7): 64 KiB).
  const { add } = sqlAccountStore(database);
  for (let i = 0; i < 2_000; i++)
    await add({ email: `account-${i}@example.com`, passwordHash: null, confirmed: false });
  await database.close();
  const { file } = await configured(t, { database: { url: urlOf(location) } });
  const command = `'${process.execPath}' '${MAIN}' user list --config '${file}' | head -1`;
  const shell = spawn('sh', ['-c', command]);
  const [stdout, stderr] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'close')]);
  t.regex(stdout, /^ID +EMAIL/);
  t.is(stderr, '');
});

test('check --json tells the verdict and every problem with its place on standard output', async (t) => {
  const good = await configured(t, {});
  const valid = await good.run(['check', '--json']);
  t.deepEqual([valid.code, valid.stderr], [0, '']);
  t.deepEqual(JSON.parse(valid.stdout), { valid: true, file: good.file, routes: 1, problems: [] });

  const bad = await configured(t, { listen: { port: 'eighty' }, lissten: {} });
  const invalid = await bad.run(['check', '--json']);
  t.deepEqual([invalid.code, invalid.stderr], [1, '']);
  const { problems, ...verdict } = JSON.parse(invalid.stdout) as { problems: Record<string, unknown>[] };
  t.deepEqual(verdict, { valid: false, file: bad.file } as object);
  t.deepEqual(
    problems.map(({ key }) => key),
    ['listen.port', 'lissten'],
  );
  for (const problem of problems) t.deepEqual(Object.keys(problem), ['file', 'line', 'column', 'key', 'message']);
});

test('check --json and routes --json tell of a configuration that is missing on standard output', async (t) => {
  const { run, file } = await configured(t, {});
  await rm(file);
  for (const command of [['check'], ['routes'], ['routes', 'GET', '/']]) {
    const { code, stdout, stderr } = await run([...command, '--json']);
    t.deepEqual([code, stderr], [1, '']);
    t.like(JSON.parse(stdout), { valid: false, file, problems: [{ line: 1, key: '' }] });
  }
});

test('routes --json has the table, what becomes of a request, and the answer of one that is refused', async (t) => {
  const { run } = await configured(t, {});
  const json = async (...args: string[]) => {
    const { code, stdout } = await run(['routes', ...args, '--json']);
    return { code, value: JSON.parse(stdout) };
  };
  const table = await json();
  t.is(table.code, 0);
  t.deepEqual(table.value.at(-1), {
    name: 'orders',
    methods: ['GET'],
    hosts: null,
    path: '/api/v1/orders',
    who: 'confirmed accounts',
    upstreams: ['http://127.0.0.1:9/base/api/v1/orders'],
  });
  t.like(await json('GET', '/api/v1/orders/7'), {
    code: 0,
    value: { method: 'GET', route: 'orders', upstreams: ['http://127.0.0.1:9/base/api/v1/orders/7'] },
  });
  t.like(await json('DELETE', '/api/v1/orders/7'), { code: 1, value: { status: 405, error: 'method_not_allowed' } });
});

test('a logo is looked for beside the configuration, and check says where it is not there', async (t) => {
  const { run, folder } = await configured(t, { pages: { logo: './brand/logo.svg' } });
  const { code, stderr } = await run(['check']);
  t.is(code, 1);
  t.regex(stderr, /pages\.logo {2}cannot be read: \/\S+\/brand\/logo\.svg: there is no such file/);
  t.true(stderr.includes(join(folder, 'brand')));
});

test('mails need to know where browsers reach a gateway that listens on every address', async (t) => {
  const { run } = await configured(t, { listen: { host: '0.0.0.0' }, mail: { url: 'folder:mail' } });
  t.regex((await run(['check'])).stderr, /^\S+ {2}pages\.url {2}is missing; mails need it for their links/);
});

/** The command line with a configuration in a folder of its own, run from that folder. */
async function configured(t: ExecutionContext, settings: Readonly<Record<string, unknown>>) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-reading-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'gateway.yaml');
  const secrets = ['a secret for the tests of the command line'];
  await writeFile(file, JSON.stringify({ tokens: { secrets }, routes: ROUTES, ...settings }));
  const run = async (args: readonly string[]) => {
    const { TOKEN_SECRET: _, ...env } = process.env;
    const child = spawn(process.execPath, [MAIN, ...args, '--config', file], { cwd: folder, env });
    t.teardown(() => child.kill('SIGKILL'));
    child.stdin.end();
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code: Number(code), stdout, stderr };
  };
  return { folder, file, run };
}

async function tablesOf(t: ExecutionContext, location: DatabaseLocation): Promise<string[]> {
  const database = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => database.close());
  const [rows] = (await database.sql.raw('show tables')) as [Record<string, string>[]];
  return rows.map((row) => Object.values(row)[0] ?? '');
}
