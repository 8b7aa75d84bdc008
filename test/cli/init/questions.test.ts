import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { loadSettings } from '../../../gateway/settings/read/load.ts';
import { onTerminal } from '../../support/processes/terminal.ts';

const MAIN = new URL('../../../gateway/main.ts', import.meta.url).pathname;

async function asked(t: ExecutionContext, ...args: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-questions-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return { folder, terminal: onTerminal(t, [process.execPath, MAIN, 'init', ...args], folder) };
}

test('on a terminal, init asks until each answer is valid, and takes the usual ones for empty lines', async (t) => {
  const { folder, terminal } = await asked(t);
  await terminal.shows('Where are the accounts?');
  await terminal.shows('Number [1]: ');
  terminal.type('7\r');
  await terminal.shows('It must be a number from 1 to 4.');
  await terminal.shows('Number [1]: ');
  terminal.type('2\r');
  await terminal.shows('URL, such as mysql://user@127.0.0.1/name: ');
  terminal.type('\r');
  await terminal.shows('It must be given.');
  terminal.type('postgres://gate@db/app\r');
  await terminal.shows('It is the URL of another kind of database; must be like mysql://');
  await terminal.shows('URL, such as');
  terminal.type('mysql://gate@db/app\r');
  await terminal.shows('Password of gate (not shown; empty: none): ');
  terminal.type('ge h/eim@\r');
  await terminal.shows('Redis, such as redis://127.0.0.1:6379 (empty: none): ');
  terminal.type('\r');
  await terminal.shows('URL of the service behind the gateway [http://127.0.0.1:9000]: ');
  terminal.type('http://svc:81\r');
  await terminal.shows('config/gateway.yaml is valid: 1 route');
  t.is(await terminal.ended(), 0);
  t.notRegex(terminal.screen(), /eim/);
  const settings = loadSettings(join(folder, 'config/gateway.yaml'), {});
  t.like(settings.database.url, { kind: 'mysql', host: 'db', user: 'gate', password: 'ge h/eim@' });
  t.is(settings.redis.url, null);
  t.deepEqual(settings.routes[0]?.upstream, ['http://svc:81']);
  t.is(await readFile(join(folder, 'config/secrets/database-password'), 'utf8'), 'ge%20h%2Feim%40\n');
});

test('Ctrl-C and the end of the input leave nothing behind', async (t) => {
  for (const [key, code] of [
    ['\x03', 130],
    ['\x04', 1],
  ] as const) {
    const { folder, terminal } = await asked(t);
    await terminal.shows('Number [1]: ');
    terminal.type(key);
    t.is(await terminal.ended(), code);
    t.deepEqual(await readdir(folder), []);
  }
});

test('an option that answers a question keeps init from asking, on a terminal too', async (t) => {
  const { folder, terminal } = await asked(t, '--upstream', 'http://svc:81', '--directory', 'here');
  await terminal.shows('here/gateway.yaml is valid: 1 route');
  t.is(await terminal.ended(), 0);
  await t.notThrowsAsync(access(join(folder, 'here/secrets/token')));
});
