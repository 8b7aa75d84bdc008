import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { sqliteHealth } from '../../../gateway/stores/database/sqlite-health.ts';
import { testGateway } from '../../lab/gateways/gateway.ts';
import { holds } from '../../lab/waiting/condition.ts';

function folderOf(t: { teardown(undo: () => unknown): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('an SQLite file that vanishes makes the gateway not ready, with a line that names it, until it is back', async (t) => {
  const file = join(folderOf(t), 'a.sqlite');
  const gateway = await testGateway(t, {
    database: { url: `sqlite:${file}` },
    routes: [{ name: 's', path: '/s', upstream: 'http://127.0.0.1:1', auth: 'none' }],
  });
  const ready = async () => {
    const answer = await fetch(`${gateway.opsUrl}/health/ready`);
    return { status: answer.status, said: await answer.json() };
  };
  t.like(await gateway.logged(({ file: named }) => named === file), {
    msg: 'the database file did not exist: created an empty one',
  });
  t.is((await ready()).status, 200);
  renameSync(file, `${file}.away`);
  await holds('it is not ready', async () => (await ready()).status === 503);
  t.deepEqual((await ready()).said, { status: 'unavailable', unavailable: ['database'] });
  const line = await gateway.logged(({ msg }) => msg === 'store is out');
  t.true(String(line.cause).includes(`${file} is missing`));
  t.false(existsSync(file));
  renameSync(`${file}.away`, file);
  await holds('it is ready again', async () => (await ready()).status === 200);
});

test('an SQLite file that cannot be written is named, with why', async (t) => {
  const file = join(import.meta.dirname, 'sqlite-health.test.ts');
  const full = new Error('the store is out', { cause: new Error('database or disk is full') });
  await t.throwsAsync(
    sqliteHealth(file, async () => Promise.reject(full)),
    {
      message: `the SQLite file ${file} cannot be written (database or disk is full)`,
    },
  );
  const busy = new Error('the store is out', { cause: Object.assign(new Error('locked'), { code: 'SQLITE_BUSY' }) });
  await t.notThrowsAsync(sqliteHealth(file, async () => Promise.reject(busy)));
  await t.notThrowsAsync(sqliteHealth(file, async () => {}));
});
