import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test from 'ava';
import { readingDatabase } from '../../gateway/cli/read-only-database.ts';
import { OperatorError } from '../../gateway/domain/errors.ts';
import { openDatabase } from '../../gateway/stores/database/connection.ts';
import { temporaryDatabase, urlOf } from '../lab/stores/database.ts';
import { privateMariadb } from '../lab/stores/mariadb.ts';
import { holds } from '../lab/waiting/condition.ts';
import { FLASK, madeBy } from '../stores/accounts/frameworks.ts';

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');

test('a database that hangs while a long query runs ends the work with one line, long before the limit of the query', async (t) => {
  const server = await privateMariadb(t);
  const settings = { url: server.location, timeout: 1_000 };
  const error = await t.throwsAsync(
    readingDatabase('database.url of gateway.yaml', settings, async ({ sql, query }) => {
      await query(sql.raw('select 1'));
      server.pause();
      await query(sql.raw('select sleep(300)'));
    }),
    { instanceOf: OperatorError },
  );
  server.continue();
  t.regex(error.message, /^database\.url of gateway\.yaml: no answer in time\. [^\n]+$/);
});

test('Ctrl-C ends check --accounts, and its query on the server too', async (t) => {
  const location = await temporaryDatabase(t, 'mysql');
  const database = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => database.close());
  await madeBy(FLASK, database);
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-interrupted-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'gateway.yaml');
  const settings = {
    database: { url: urlOf(location) },
    accounts: { table: 'users', columns: { password: 'password_hash' }, confirmedWhen: 'sleep(300) = 0' },
    routes: [{ name: 'orders', path: '/api/v1/orders', upstream: 'http://127.0.0.1:9' }],
  };
  await writeFile(file, JSON.stringify(settings));
  const running = async () => {
    const processes = database.sql('information_schema.processlist').where('db', database.sql.raw('database()'));
    const rows: unknown[] = await processes.where('info', 'like', '%sleep(300)%').whereRaw('id <> connection_id()');
    return rows.length;
  };

  const child = spawn(process.execPath, [MAIN, 'check', '--accounts', '--config', file]);
  t.teardown(() => child.kill('SIGKILL'));
  await holds('the query runs', async () => (await running()) === 1);
  child.kill('SIGINT');
  const [code, signal] = await once(child, 'close');
  t.deepEqual([code, signal], [null, 'SIGINT']);
  await holds('the query has ended', async () => (await running()) === 0);
});
