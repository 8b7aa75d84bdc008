import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { loadSettings } from '../../../gateway/settings/read/load.ts';
import { openDatabase } from '../../../gateway/stores/database/connection.ts';
import { temporaryDatabase, urlOf } from '../../lab/stores/database.ts';
import { LARAVEL, madeBy } from '../../stores/accounts/frameworks.ts';
import { gatehouse } from '../../support/processes/command.ts';

const MAIN = resolve(import.meta.dirname, '../../../gateway/main.ts');

async function emptyFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-init-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

const modeOf = async (file: string) => ((await lstat(file)).mode & 0o777).toString(8);

test('without a terminal and without options, init writes a valid configuration that start finds', async (t) => {
  const folder = await emptyFolder(t);
  const { code, stdout, stderr } = await gatehouse(['init'], folder);
  t.deepEqual([code, stderr], [0, '']);
  t.regex(
    stdout,
    /^Wrote config\/secrets\/token\nWrote config\/gateway\.yaml\nconfig\/gateway\.yaml is valid: 1 route\n/,
  );
  t.regex(stdout, /^ {2}gatehouse start$/m);
  t.is(await modeOf(join(folder, 'config/secrets/token')), '600');
  t.is(await modeOf(join(folder, 'config/secrets')), '700');
  t.deepEqual((await readdir(join(folder, 'config'))).sort(), ['gateway.yaml', 'secrets']);
  const settings = loadSettings(join(folder, 'config/gateway.yaml'), {});
  t.like(settings.database.url, { kind: 'sqlite', file: 'data/gatehouse.sqlite' });
  t.is(settings.redis.url, null);
  t.deepEqual(settings.routes[0]?.upstream, ['http://127.0.0.1:9000']);
  t.deepEqual(settings.tokens.secrets, [(await readFile(join(folder, 'config/secrets/token'), 'utf8')).trimEnd()]);
  t.deepEqual(await gatehouse(['check'], folder), {
    code: 0,
    stdout: 'config/gateway.yaml is valid: 1 route\n',
    stderr: '',
  });
});

test('run by npx, init names the next commands as the shell finds them', async (t) => {
  const folder = await emptyFolder(t);
  const { stdout } = await gatehouse(['init'], folder, { npm_command: 'exec' });
  t.regex(stdout, /^ {2}npx gatehouse user add you@example\.com --confirmed\n {2}npx gatehouse start$/m);
});

test('Ctrl-C while init writes leaves all files or none, and no secret in a temporary folder', async (t) => {
  const folder = await emptyFolder(t);
  const run = spawn(process.execPath, [MAIN, 'init', '--mysql', 'mysql://gate:geheim@db/app', '--directory', folder]);
  const ended = once(run, 'exit');
  while (run.exitCode === null && run.signalCode === null) {
    if ((await readdir(folder)).some((name) => name.startsWith('.gatehouse-init-'))) break;
  }
  run.kill('SIGINT');
  await ended;
  t.deepEqual((await readdir(folder)).sort(), ['gateway.yaml', 'secrets']);
  t.deepEqual((await readdir(join(folder, 'secrets'))).sort(), ['database-password', 'token']);
});

test('passwords of URLs go into files of their own, and are read from there', async (t) => {
  const folder = await emptyFolder(t);
  const cases = [
    {
      given: [
        '--mysql',
        `mysql://gate:pa%40ss:\${x}@db:3307/app`,
        '--redis',
        'rediss+sentinel://u:geheim@a:1,b:2/main/3',
      ],
      written: [
        `url: mysql://gate:\${file:secrets/database-password}@db:3307/app`,
        `url: rediss+sentinel://u:\${file:secrets/redis-password}@a:1,b:2/main/3`,
      ],
      database: { kind: 'mysql', host: 'db', port: 3307, user: 'gate', password: `pa@ss:\${x}`, database: 'app' },
      redis: { username: 'u', password: 'geheim', database: 3 },
    },
    {
      given: ['--postgres', 'postgres://gate:a@b@/app?host=/run/postgresql', '--redis', 'redis://:geheim@a'],
      written: [`url: postgres://gate:\${file:secrets/database-password}@/app?host=/run/postgresql`],
      database: { kind: 'postgres', host: '/run/postgresql', user: 'gate', password: 'a@b' },
      redis: { username: '', password: 'geheim' },
    },
    {
      given: ['--postgres', 'postgres://gate@db/app'],
      written: ['url: postgres://gate@db/app'],
      database: { kind: 'postgres', user: 'gate', password: '' },
      redis: null,
    },
  ];
  for (const [index, { given, written, database, redis }] of cases.entries()) {
    const directory = join(folder, String(index));
    const { code, stdout, stderr } = await gatehouse(['init', '--directory', directory, ...given]);
    t.deepEqual([code, stderr], [0, '']);
    t.notRegex(stdout, /pa%40ss|geheim/);
    const text = await readFile(join(directory, 'gateway.yaml'), 'utf8');
    for (const line of written) t.true(text.includes(`  ${line}\n`), text);
    t.notRegex(text, /pa%40ss|geheim|a@b/);
    const settings = loadSettings(join(directory, 'gateway.yaml'), {});
    t.like(settings.database.url, database);
    if (redis === null) t.is(settings.redis.url, null);
    else t.like(settings.redis.url, redis);
    for (const name of await readdir(join(directory, 'secrets'))) {
      t.is(await modeOf(join(directory, 'secrets', name)), '600', name);
    }
  }
});

test('what is there is named and kept, and nothing is written beside it', async (t) => {
  const folder = await emptyFolder(t);
  await mkdir(join(folder, 'a'));
  await symlink('nowhere', join(folder, 'a', 'gateway.yaml'));
  await mkdir(join(folder, 'b', 'secrets'), { recursive: true });
  await writeFile(join(folder, 'b', 'secrets', 'token'), 'precious');
  await mkdir(join(folder, 'c'));
  await writeFile(join(folder, 'c', 'secrets'), 'precious');
  for (const [directory, problem] of [
    ['a', /^a\/gateway\.yaml exists already, so nothing was written\. /],
    ['b', /^b\/secrets\/token exists already, so nothing was written\. /],
    ['c', /^c\/secrets is not a folder, so nothing was written\.$/],
    ['c/secrets', /^c\/secrets is not a folder, so nothing was written\.$/],
  ] as const) {
    const { code, stdout, stderr } = await gatehouse(['init', '--directory', directory], folder);
    t.deepEqual([code, stdout], [1, '']);
    t.regex(stderr.trimEnd(), problem);
  }
  t.deepEqual(await readdir(join(folder, 'a')), ['gateway.yaml']);
  t.deepEqual((await readdir(join(folder, 'b'), { recursive: true })).sort(), ['secrets', 'secrets/token']);
  t.is(await readFile(join(folder, 'b', 'secrets', 'token'), 'utf8'), 'precious');
});

test('a configuration that would not be valid is not written, nor is its folder', async (t) => {
  const folder = await emptyFolder(t);
  const { code, stdout, stderr } = await gatehouse(['init', '--upstream', 'http://127.0.0.1:8080'], folder);
  t.deepEqual([code, stdout], [1, '']);
  t.regex(
    stderr,
    /^The configuration would not be valid, so nothing was written:\nroutes\[0\]\.upstream {2}is the gateway itself/,
  );
  t.deepEqual(await readdir(folder), []);
});

test('wrong URLs exit 2 with what is right, and without repeating their passwords', async (t) => {
  const folder = await emptyFolder(t);
  for (const [args, problem] of [
    [
      ['--mysql', 'postgres://u:geheim@h/d'],
      /^error: --mysql is the URL of another kind of database; must be like mysql:/,
    ],
    [
      ['--postgres', 'mysql://u:geheim@h/d'],
      /^error: --postgres is the URL of another kind of database; must be like postgres:/,
    ],
    [['--redis', 'http://u:geheim@h'], /^error: --redis is not a Redis URL; must be redis:/],
    [['--upstream', 'http://u:geheim@h'], /^error: --upstream has a user or password/],
    [
      ['--adopt', 'sqlite:a', '--mysql', 'mysql://u@h/d'],
      /^error: option '--adopt <url>' cannot be used with option '--mysql <url>'/,
    ],
  ] as const) {
    const { code, stderr } = await gatehouse(['init', ...args], folder);
    t.is(code, 2, stderr);
    t.regex(stderr, problem);
    t.notRegex(stderr, /geheim/);
  }
  t.deepEqual(await readdir(folder), []);
});

test('with --adopt, the users of an application can log in with the configuration as it is', async (t) => {
  const folder = await emptyFolder(t);
  const location = await temporaryDatabase(t, 'sqlite');
  const nothing = await gatehouse(['init', '--adopt', urlOf(location)], folder);
  t.is(nothing.code, 1);
  t.regex(nothing.stderr, /^--adopt: there is no SQLite database /);
  const database = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => database.close());
  await database.sql.raw('create table orders (id integer primary key, total integer)');
  const none = await gatehouse(['init', '--adopt', urlOf(location)], folder);
  t.is(none.code, 1);
  t.regex(none.stderr, /^sqlite:\S+: none of the 1 tables looks like one of users/);
  t.deepEqual(await readdir(folder), []);

  await madeBy(LARAVEL, database);
  const { code, stdout, stderr } = await gatehouse(['init', '--adopt', urlOf(location)], folder);
  t.deepEqual([code, stderr], [0, '']);
  t.regex(stdout, /^ {2}gatehouse check --accounts$/m);
  const text = await readFile(join(folder, 'config/gateway.yaml'), 'utf8');
  t.regex(text, /^# The accounts of the application: users, looks like Laravel$/m);
  const checked = await gatehouse(['check', '--accounts', '--json'], folder);
  t.like(JSON.parse(checked.stdout), { table: 'users', rows: 1, can_log_in: 1 });
});
