import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import { pino } from 'pino';
import { createReloader, seeFiles } from '../../gateway/cli/reload.ts';
import { startProcess } from '../lab/processes/server-process.ts';
import { holds } from '../lab/waiting/condition.ts';

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');
/** Preloaded: sends the process a SIGHUP as soon as it listens for one. */
const HANGS_UP = `data:text/javascript,process.on('newListener', (name) => {
  if (name === 'SIGHUP') setImmediate(() => process.kill(process.pid, name));
})`;

test('with watch, a change between the reading of the configuration and the end of the start is taken over', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-start-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [file, level] = [join(folder, 'gateway.yaml'), join(folder, 'level')];
  writeFileSync(level, 'info');
  const text = `routes: [{ name: a, path: /a, upstream: "http://127.0.0.1:1" }]\nlog: { level: "\${file:level}" }\nwatch: true\n`;
  writeFileSync(file, text);
  const before = seeFiles(file);
  t.deepEqual(before.files, [file, level]);
  // The gateway reads its settings, and starts.
  writeFileSync(level, 'warn');
  const levels: string[] = [];
  const reloader = createReloader(file, { watch: true }, before, pino({ level: 'silent' }), async (next) => {
    levels.push(next.log.level);
  });
  t.teardown(() => reloader.stop());
  await holds('it is taken over', () => levels.length > 0);
  t.deepEqual(levels, ['warn']);
});

test('a SIGHUP during the start is followed by a reload', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-start-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'gateway.yaml');
  const database = `{ url: "sqlite:${join(folder, 'gateway.sqlite')}" }`;
  const listeners = 'listen: { port: 0 }\nops: { port: 0 }\n';
  const routes = 'routes: [{ name: a, path: /a, upstream: "http://127.0.0.1:1" }]\n';
  writeFileSync(file, `${listeners}database: ${database}\nlog: { format: json }\n${routes}`);
  const node = startProcess(process.execPath, ['--import', HANGS_UP, MAIN, 'start', '--config', file]);
  t.teardown(() => node.end('SIGKILL'));
  const said: string[] = [];
  createInterface(node.stdout).on('line', (line) => said.push(String(JSON.parse(line).msg)));
  await holds('it has reloaded', () => said.includes('configuration taken over'), 60_000);
  t.true(said.indexOf('listening') < said.indexOf('configuration taken over'));
});
