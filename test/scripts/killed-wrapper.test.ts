import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import { stringify } from 'yaml';
import type { LogLine } from '../lab/gateways/gateway.ts';
import { childrenOf, isRunning } from '../lab/gateways/workers.ts';
import { holds } from '../lab/waiting/condition.ts';

const RUN_NODE = new URL('../../scripts/run-node.mjs', import.meta.url).href;
const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');

for (const workers of [1, 2]) {
  test(`a wrapper that is killed takes the gateway of ${workers} process(es) with it, in order, and its port is free`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'gateway.yaml');
    const settings = {
      listen: { port: 0 },
      ops: { port: 0 },
      workers,
      database: { url: `sqlite:${join(folder, 'gateway.sqlite')}` },
      routes: [{ name: 's', path: '/s', upstream: 'http://127.0.0.1:1', auth: 'none' }],
    };
    writeFileSync(file, stringify(settings));
    // As scripts/gateway.mjs does where its own node is too old.
    const wrapper = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { runNode } from ${JSON.stringify(RUN_NODE)};
         const args = ${JSON.stringify([MAIN, 'start', '--config', file])};
         runNode(process.execPath, args, { GATEHOUSE_PARENT: String(process.pid) });`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    t.teardown(() => wrapper.kill('SIGKILL'));
    const log: LogLine[] = [];
    createInterface(wrapper.stdout).on('line', (line) => log.push(JSON.parse(line) as LogLine));
    await holds('it listens', () => log.some(({ msg }) => msg === 'listening'), 30_000);
    const [gateway = 0] = childrenOf(wrapper.pid ?? 0);
    const all = [gateway, ...childrenOf(gateway)];
    t.teardown(() => {
      for (const pid of all.filter(isRunning)) process.kill(pid, 'SIGKILL');
    });
    wrapper.kill('SIGKILL');
    await once(wrapper, 'exit');
    await holds('all of it has ended', () => !all.some(isRunning), 20_000);
    await holds('its last line is read', () => log.at(-1)?.msg === 'stopped');
    const url = String(log.find(({ msg }) => msg === 'listening')?.url);
    await t.throwsAsync(fetch(url));
  });
}

test('workers whose primary is killed end', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'gateway.yaml');
  const settings = {
    listen: { port: 0 },
    ops: { port: 0 },
    workers: 2,
    database: { url: `sqlite:${join(folder, 'gateway.sqlite')}` },
    routes: [{ name: 's', path: '/s', upstream: 'http://127.0.0.1:1', auth: 'none' }],
  };
  writeFileSync(file, stringify(settings));
  const primary = spawn(process.execPath, [MAIN, 'start', '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => primary.kill('SIGKILL'));
  await holds('there are workers', () => childrenOf(primary.pid ?? 0).length === 2, 30_000);
  const workers = childrenOf(primary.pid ?? 0);
  t.teardown(() => {
    for (const pid of workers.filter(isRunning)) process.kill(pid, 'SIGKILL');
  });
  primary.kill('SIGKILL');
  await holds('they have ended', () => !workers.some(isRunning), 20_000);
  t.pass();
});
