import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { bcryptDecoy } from '../../gateway/identify/passwords/hashes/bcrypt.ts';
import { passwordChecker } from '../../gateway/identify/passwords/password.ts';
import type { DatabaseLocation } from '../../gateway/settings/schema/database-url.ts';
import { sqlAccountStore } from '../../gateway/stores/accounts/store.ts';
import { openDatabase } from '../../gateway/stores/database/connection.ts';
import { OWN_TABLE } from '../identify/passwords/hashes/fixtures.ts';
import { temporaryDatabase, urlOf } from '../lab/stores/database.ts';
import { onTerminal } from '../support/processes/terminal.ts';

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');

test('an account is added, listed, confirmed, unconfirmed and removed', async (t) => {
  const folder = await configured(t, await temporaryDatabase(t, 'mysql'));
  const run = (...args: string[]) => gatehouse(t, folder, args, 'correct horse\n');
  t.deepEqual(await run('user', 'add', 'Ümit@x', '--password-stdin'), done('Added Ümit@x (id 1, unconfirmed).\n'));
  t.like(await run('user', 'add', 'ÜMIT@X', '--password-stdin'), { code: 1, stdout: '' });
  t.deepEqual(await run('user', 'confirm', 'ümit@x'), done('Ümit@x (id 1) is now confirmed.\n'));
  t.deepEqual(await run('user', 'confirm', 'ümit@x'), done('Ümit@x (id 1) was already confirmed.\n'));
  const { stdout } = await run('user', 'list');
  t.regex(stdout, /^ID {2}EMAIL {3}CREATED {15}CONFIRMED\n1 {3}Ümit@x {2}\S{20} {2}\S{20}\n$/);
  t.deepEqual(await run('user', 'unconfirm', 'ümit@x'), done('Ümit@x (id 1) is now unconfirmed.\n'));
  t.deepEqual(await run('user', 'remove', 'ümit@x'), done('Removed Ümit@x (id 1).\n'));
});

test('--json prints what a machine can read, and never a hash', async (t) => {
  const folder = await configured(t, await temporaryDatabase(t, 'sqlite'));
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await gatehouse(t, folder, [...args, '--json'], 'a secret');
    t.is(code, 0, stderr);
    t.notRegex(stdout, /\$2|hash|stamp/);
    return JSON.parse(stdout);
  };
  const { applied } = await run('migrate');
  t.is(applied[0], '0001-accounts');
  t.deepEqual(applied, applied.toSorted());
  t.deepEqual(await run('migrate'), { applied: [] });
  const account = { id: '1', email: 'a@x', confirmed: true };
  t.deepEqual(await run('user', 'add', 'a@x', '--confirmed', '--password-stdin'), account);
  t.like((await run('user', 'list'))[0], account);
  t.deepEqual(await run('user', 'unconfirm', 'a@x'), { ...account, confirmed: false });
});

test('the password from standard input is all of it, less one line end', async (t) => {
  const location = await temporaryDatabase(t, 'sqlite');
  const folder = await configured(t, location);
  await gatehouse(t, folder, ['user', 'add', 'a@x', '--password-stdin'], ' pä:ssing \r\n');
  t.true(await passwordOf(t, location, 'a@x', ' pä:ssing '));
  const changed = await gatehouse(t, folder, ['user', 'password', 'A@X', '--password-stdin'], 'brand new');
  t.deepEqual(changed, done('Changed the password of a@x (id 1); its tokens are void.\n'));
  t.true(await passwordOf(t, location, 'a@x', 'brand new'));
});

test('what goes wrong is said in one line, and nothing is added', async (t) => {
  const folder = await configured(t, await temporaryDatabase(t, 'sqlite'));
  const add = ['user', 'add', 'a@x', '--password-stdin'];
  const cases: [string[], string | Buffer, RegExp][] = [
    [add, 'two\nlines\n', /control character/],
    [add, 'x'.repeat(100_000), /over 4096 bytes/],
    [add, Buffer.from([0x70, 0xff]), /UTF-8/],
    [add, 'pw', /fewer than 8 characters/],
    [add, 'A@X', /fewer than 8 characters/],
    [['user', 'add', 'a@x'], 'a secret', /--password-stdin/],
    [['user', 'add', 'a:b@x', '--password-stdin'], 'a secret', /colon/],
    [
      ['user', 'password', 'nobody@x', '--password-stdin'],
      'a secret',
      /gatehouse migrate|No account logs in with nobody@x/,
    ],
    [['user', 'list', '--config', 'missing.yaml'], '', /missing\.yaml/],
  ];
  const results = await Promise.all(cases.map(([args, stdin]) => gatehouse(t, folder, args, stdin)));
  for (const [index, { code, stdout, stderr }] of results.entries()) {
    t.is(code, 1, stderr);
    t.is(stdout, '');
    t.regex(stderr, /^[^\n]+\n$/);
    t.regex(stderr, cases[index]?.[2] ?? /never/);
  }
  t.is((await gatehouse(t, folder, ['migrate'], '')).code, 0);
  t.is((await gatehouse(t, folder, ['user', 'list', '--json'], '')).stdout, '[]\n');
});

test('a database that does not answer is said in one line that names the setting and no password', async (t) => {
  const location = {
    kind: 'mysql',
    host: '127.0.0.1',
    port: 1,
    user: 'u',
    password: 'hunter2',
    database: 'd',
  } as const;
  const folder = await configured(t, location);
  const { code, stderr } = await gatehouse(t, folder, ['user', 'list'], '');
  t.is(code, 1);
  t.regex(stderr, /^database\.url of .*ECONNREFUSED.*\n$/);
  t.false(stderr.includes('hunter2'));
});

test('wrong usage exits 2', async (t) => {
  const folder = await configured(t, await temporaryDatabase(t, 'sqlite'));
  for (const args of [['user'], ['user', 'add']]) {
    t.is((await gatehouse(t, folder, args, '')).code, 2, args.join(' '));
  }
  t.is((await gatehouse(t, folder, ['user', 'add', '--help'], '')).code, 0);
});

test('on a terminal the password is asked for twice, can be corrected, and is never shown', async (t) => {
  const location = await temporaryDatabase(t, 'sqlite');
  const folder = await configured(t, location);
  const terminal = onTerminal(t, [process.execPath, MAIN, 'user', 'add', 'a@x'], folder);
  await terminal.shows('New password for a@x: ');
  terminal.type('wrong\x15geheimes€ü\x7f\x7f!\r');
  await terminal.shows('Once more: ');
  terminal.type('geheimes!\r');
  await terminal.shows('Added a@x (id 1, unconfirmed).');
  t.is(await terminal.ended(), 0);
  t.false(terminal.screen().includes('geheim'));
  t.true(await passwordOf(t, location, 'a@x', 'geheimes!'));
});

test('both answers may be pasted at once', async (t) => {
  const location = await temporaryDatabase(t, 'sqlite');
  const folder = await configured(t, location);
  const terminal = onTerminal(t, [process.execPath, MAIN, 'user', 'add', 'a@x'], folder);
  await terminal.shows('New password for a@x: ');
  terminal.type('geheimnis\rgeheimnis\r');
  t.is(await terminal.ended(), 0);
  t.true(await passwordOf(t, location, 'a@x', 'geheimnis'));
});

test('two passwords that differ, or none, change nothing', async (t) => {
  const folder = await configured(t, await temporaryDatabase(t, 'sqlite'));
  for (const [keys, message] of [
    ['number one\rnumber two\r', 'The two passwords differ'],
    ['number one\r\x04', 'No password was given'],
  ] as const) {
    const terminal = onTerminal(t, [process.execPath, MAIN, 'user', 'add', 'a@x'], folder);
    await terminal.shows('New password for a@x: ');
    terminal.type(keys);
    await terminal.shows(message);
    t.is(await terminal.ended(), 1);
  }
  t.is((await gatehouse(t, folder, ['user', 'list', '--json'], '')).stdout, '[]\n');
});

test('Ctrl-C at the prompt exits 130 and leaves the terminal echoing', async (t) => {
  const folder = await configured(t, await temporaryDatabase(t, 'sqlite'));
  const shell = `'${process.execPath}' '${MAIN}' user add a@x; echo "code $?"; stty -a`;
  const terminal = onTerminal(t, ['sh', '-c', shell], folder);
  await terminal.shows('New password for a@x: ');
  terminal.type('geh\x03');
  await terminal.shows('code 130');
  await terminal.ended();
  t.regex(terminal.screen(), /[^-]\bicanon\b/);
  t.regex(terminal.screen(), /\s\becho\b/);
});

/** A folder with a configuration for the database, in the place where the command looks for it. */
async function configured(t: ExecutionContext, location: DatabaseLocation): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-user-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const settings = {
    database: { url: urlOf(location), timeout: '10s' },
    accounts: { passwordCost: 4 },
    tokens: { secrets: ['a secret for the tests of the command line'] },
    routes: [{ name: 'orders', path: '/api/v1/orders', upstream: 'http://127.0.0.1:9' }],
  };
  await mkdir(join(folder, 'config'));
  await writeFile(join(folder, 'config', 'gateway.yaml'), JSON.stringify(settings));
  return folder;
}

async function gatehouse(t: ExecutionContext, cwd: string, args: readonly string[], stdin: string | Buffer) {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd });
  t.teardown(() => child.kill('SIGKILL'));
  // A command that does not read its input may be gone before it is written.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: Number(code), stdout, stderr };
}

function done(stdout: string) {
  return { code: 0, stdout, stderr: '' };
}

async function passwordOf(t: ExecutionContext, location: DatabaseLocation, email: string, password: string) {
  const database = openDatabase(location, { timeout: 5000 });
  t.teardown(() => database.close());
  const account = await sqlAccountStore(database).findByLogin(email);
  return await passwordChecker(bcryptDecoy(4), OWN_TABLE)(account?.passwordHash ?? null, password);
}
