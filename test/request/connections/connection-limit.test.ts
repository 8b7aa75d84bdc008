import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import { stringify } from 'yaml';
import { connectionLimit } from '../../../gateway/request/connections/connection-limit.ts';
import type { LogLine } from '../../lab/gateways/gateway.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { requestText } from '../../support/gateways/forwarding.ts';
import { rawClient, statusOf } from '../../support/http/raw.ts';

const MAIN = resolve(import.meta.dirname, '../../../gateway/main.ts');

test('clients may have half of the descriptors that are left', (t) => {
  t.is(connectionLimit(256), 96);
  t.is(connectionLimit(65_536), 32_736);
  t.is(connectionLimit(10), 1);
  t.true(connectionLimit() > 1);
});

test('with 256 descriptors and 700 idle connections, older clients and the operators get their answers, and the log says once why others do not', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const upstream = await httpUpstream(t);
  const file = join(folder, 'gateway.yaml');
  const settings = {
    listen: { port: 0 },
    ops: { port: 0 },
    database: { url: `sqlite:${join(folder, 'gateway.sqlite')}` },
    routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }],
  };
  writeFileSync(file, stringify(settings));
  const command = `ulimit -n 256; exec "$0" "$@"`;
  const gateway = spawn('sh', ['-c', command, process.execPath, MAIN, 'start', '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => gateway.kill('SIGKILL'));
  const log: LogLine[] = [];
  createInterface(gateway.stdout).on('line', (line) => log.push(JSON.parse(line) as LogLine));
  const listening = () => log.find(({ msg }) => msg === 'listening');
  await holds('it listens', () => listening() !== undefined, 30_000);
  const port = Number(new URL(String(listening()?.url)).port);
  const first = await rawClient(port);
  let closed = 0;
  for (let i = 0; i < 700; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.once('close', () => {
      closed += 1;
    });
    socket.resume();
    t.teardown(() => socket.destroy());
  }
  await holds('those that are too many are closed', () => closed >= 700 - 96, 20_000);
  t.is((await fetch(`${listening()?.ops}/health/ready`)).status, 200);
  first.send(requestText('GET /s'));
  await first.until(/\r\n\r\n/);
  t.is(statusOf(first.received()), 200);
  t.is(log.filter(({ msg }) => String(msg).startsWith('new connections are closed')).length, 1);
});
