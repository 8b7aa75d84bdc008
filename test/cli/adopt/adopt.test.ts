import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openDatabase } from '../../../gateway/stores/database/connection.ts';
import { temporaryDatabase, urlOf } from '../../lab/stores/database.ts';
import { LARAVEL, madeBy } from '../../stores/accounts/frameworks.ts';

const MAIN = resolve(import.meta.dirname, '../../../gateway/main.ts');

test('adopt prints a section that passes check as it is, and neither the password of the URL nor an email', async (t) => {
  const location = await temporaryDatabase(t, 'mysql');
  const database = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => database.close());
  await madeBy(LARAVEL, database);
  const tablesBefore = await database.sql.raw('show tables');

  const found = await run('adopt', '--database', urlOf(location));
  t.deepEqual([found.code, found.stderr], [0, '']);
  t.regex(
    found.stdout,
    /^# mysql:\/\/127\.0\.0\.1:3306\/gatehouse_test_\w+: 1 of 1 tables and views may have users\.$/m,
  );
  t.regex(found.stdout, /^# 1\. users, looks like Laravel$/m);
  t.regex(found.stdout, /^# {3}1 {2}can log in$/m);
  t.notRegex(found.stdout, /root|ada@example|\$2y\$/i);
  t.deepEqual(await database.sql.raw('show tables'), tablesBefore);

  const { folder } = await emptyFolder(t);
  const file = join(folder, 'gateway.yaml');
  const routes = 'routes: [{ name: orders, path: /api/v1/orders, upstream: http://127.0.0.1:9 }]\n';
  await writeFile(file, `database: { url: '${urlOf(location)}' }\n${routes}${found.stdout}`);
  const checked = await run('check', '--accounts', '--json', '--config', file);
  t.deepEqual([checked.code, checked.stderr], [0, '']);
  t.like(JSON.parse(checked.stdout), { table: 'users', rows: 1, can_log_in: 1 });

  const json = JSON.parse((await run('adopt', '--json', '--config', file)).stdout);
  t.like(json.candidates[0], { table: 'users', framework: 'Laravel', usable: true, refused: null });
  t.like(json.check, { table: 'users', can_log_in: 1 });
});

test('adopt says in one line what it has looked at and not found, and repeats no URL', async (t) => {
  const location = await temporaryDatabase(t, 'sqlite');
  const empty = await run('adopt', '--database', urlOf(location));
  t.like(empty, { code: 1, stdout: '' });
  t.regex(empty.stderr, /^--database: there is no SQLite database [^\n]*\n$/);
  const database = openDatabase(location, { timeout: 10_000 });
  await database.sql.raw('create table orders (id integer primary key, total integer)');
  await database.sql.raw('create table tokens (id integer primary key, password text)');
  await database.close();
  const nothing = await run('adopt', '--database', urlOf(location));
  t.like(nothing, { code: 1, stdout: '' });
  t.regex(
    nothing.stderr,
    /^sqlite:\S+: none of the 2 tables looks like one of users, [^\n]*\(orders, tokens\)[^\n]*\n$/,
  );
  const wrong = await run('adopt', '--database', 'mysql://ada:secret?@x/y');
  t.is(wrong.code, 2);
  t.notRegex(wrong.stderr, /secret/);
});

async function emptyFolder(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-adopt-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return { folder };
}

function run(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) =>
      done({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}
