import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { DatabaseLocation } from '../../gateway/settings/schema/database-url.ts';
import { sqlAccountStore } from '../../gateway/stores/accounts/store.ts';
import { openDatabase } from '../../gateway/stores/database/connection.ts';
import { migrate } from '../../gateway/stores/database/migrate.ts';
import { temporaryDatabase, urlOf } from '../lab/stores/database.ts';
import { FLASK, LARAVEL, madeBy } from '../stores/accounts/frameworks.ts';

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');

for (const kind of ['sqlite', 'mysql', 'postgres'] as const) {
  test(`${kind}: check --accounts describes an application's table, exits 1 when a row can never log in, and shows no hash`, async (t) => {
    const { location, database } = await opened(t, kind);
    await madeBy(FLASK, database);
    const run = await configured(t, location, FLASK.accounts);
    const good = await run('check', '--accounts');
    const { formats } = JSON.parse((await run('check', '--accounts', '--json')).stdout);
    t.like(formats[0], { format: 'Werkzeug scrypt', looks_like: null, count: 1 });
    t.true(formats[0].login_ms > 0);
    t.deepEqual([good.code, good.stderr], [0, '']);
    t.regex(
      good.stdout,
      /^users: all 1 row read\n\n1 {2}can log in\n0 {2}can log in once confirmed\n0 {2}can never log in\n/,
    );
    t.regex(good.stdout, /^ {2}1 {2}Werkzeug scrypt {2}\S.* [\d.]+ ms$/m);
    t.regex(good.stdout, /^ {2}1 {2}(1|true) {2}confirmed$/m);

    await database.sql('users').insert({ id: 8, email: 'bob@x', password_hash: 'plain:secret', confirmed: 1 });
    await database.sql('users').insert({ id: 9, email: 'eve@x', password_hash: null, confirmed: 1 });
    const bad = await run('check', '--accounts', '--json');
    t.is(bad.code, 1);
    t.notRegex(bad.stdout, /secret|scrypt:/);
    t.like(JSON.parse(bad.stdout), { table: 'users', rows: 3, can_log_in: 1, unconfirmed: 0, never: 2 });
    const text = await run('check', '--accounts');
    t.regex(
      text.stdout,
      /^ {2}1 {2}the hash has an unknown format, or is the password itself, which is never accepted: [^\n]*; id 8$/m,
    );
    t.regex(text.stdout, /^ {2}1 {2}the hash is NULL; id 9$/m);
    t.notRegex(text.stdout + bad.stdout, /eve@x/);
    t.regex((await run('check', '--accounts', '--show-emails')).stdout, /the hash is NULL; id 9 \(eve@x\)$/m);
    t.regex((await run('check', '--accounts', '--sample', '2')).stdout, /^users: a sample of 2 rows read,.* of 3;/);
  });
}

test("check --accounts describes the gateway's own table", async (t) => {
  const { location, database } = await opened(t, 'sqlite');
  await migrate(database);
  await sqlAccountStore(database).add({ email: 'a@x', passwordHash: null, confirmed: true });
  const run = await configured(t, location, {});
  const { code, stdout } = await run('check', '--accounts', '--json');
  t.is(code, 1);
  t.like(JSON.parse(stdout), { table: 'gatehouse_accounts', rows: 1, never: 1 });
  t.is(JSON.parse(stdout).obstacles[0].reason, 'the hash is NULL');
});

test('check --accounts says in one line what the configuration or the table lacks', async (t) => {
  const { location } = await opened(t, 'sqlite');
  const run = await configured(t, location, FLASK.accounts);
  t.deepEqual(await run('check', '--accounts'), {
    code: 1,
    stdout: '',
    stderr: 'accounts.table: there is no table users that the gateway may read in the database; there is none.\n',
  });
  const wrong = await configured(t, location, { table: 'users' });
  t.regex((await wrong('check', '--accounts')).stderr, /^\S+:\d+:\d+ {2}accounts\.table {2}needs [^\n]*"1 = 1"\n$/);
});

test("commands that would write say that the application's table is read only, list and revoke work, and nothing changes", async (t) => {
  const { location, database } = await opened(t, 'mysql');
  await madeBy(LARAVEL, database);
  const rows = async () => JSON.stringify(await database.sql('users').select());
  const before = await rows();
  const run = await configured(t, location, LARAVEL.accounts);
  const email = 'ada@example.com';
  const writing = [
    ['add', 'new@x', '--password-stdin'],
    ['confirm', email],
    ['unconfirm', email],
    ['password', email, '--password-stdin'],
    ['remove', email],
  ];
  const answers = await Promise.all(writing.map((args) => run('user', ...args)));
  for (const answer of answers) {
    t.like(answer, { code: 1, stdout: '' });
    t.regex(
      answer.stderr,
      /^The accounts are in users, .* only reads: change the account in the application;[^\n]*\n$/,
    );
  }
  t.is((await run('user', 'list')).stdout.split('\n')[1], `${LARAVEL.user.id}  ada@example.com  yes`);
  t.deepEqual(JSON.parse((await run('user', 'list', '--json')).stdout), [
    { id: LARAVEL.user.id, email, confirmed: true },
  ]);
  t.is((await run('migrate')).code, 0);
  const revoked = await run('token', 'revoke', '--user', 'ADA@example.com', '--json');
  t.deepEqual(JSON.parse(revoked.stdout), { account: LARAVEL.user.id, revoked: 0 });
  t.is(await rows(), before);
});

async function opened(t: ExecutionContext, kind: DatabaseLocation['kind']) {
  const location = await temporaryDatabase(t, kind);
  const database = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => database.close());
  return { location, database };
}

/** Runs the command line on a configuration of its own. */
async function configured(t: ExecutionContext, location: DatabaseLocation, accounts: Record<string, unknown>) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-check-accounts-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'gateway.yaml');
  const settings = {
    database: { url: urlOf(location), timeout: '10s' },
    accounts,
    tokens: { secrets: ['a secret for the tests of the command line'] },
    routes: [{ name: 'orders', path: '/api/v1/orders', upstream: 'http://127.0.0.1:9' }],
  };
  await writeFile(file, JSON.stringify(settings));
  return (...args: string[]) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((done) => {
      const child = execFile(process.execPath, [MAIN, ...args, '--config', file], (error, stdout, stderr) =>
        done({ code: error?.code ?? 0, stdout, stderr }),
      );
      child.stdin?.on('error', () => {}).end('a new password');
    });
}
