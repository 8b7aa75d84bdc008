import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { createHealth, type Readiness } from '../../../gateway/ops/health.ts';
import { freePort } from '../../lab/processes/free-port.ts';
import { gatehouse } from '../../support/processes/command.ts';

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-ready-'));
test.after.always(() => rm(folder, { recursive: true }));

/** An ops listener of which the test says how ready it is. */
async function opsListener(t: ExecutionContext, where: { host?: string; port?: number; path?: string }) {
  const state: { readiness: Readiness; asked: number } = {
    readiness: { status: 'ready', unavailable: [] },
    asked: 0,
  };
  const readiness = () => {
    state.asked++;
    return state.readiness;
  };
  const { server, beginShutdown } = createHealth(
    readiness,
    async () => '',
    () => null,
    null,
    pino({ level: 'silent' }),
  );
  await new Promise<void>((listening) => server.listen(where, listening));
  t.teardown(() => server.close().closeAllConnections());
  const address = server.address() as AddressInfo | string;
  return { state, beginShutdown, port: typeof address === 'string' ? 0 : address.port };
}

async function configuration(t: ExecutionContext, text: string): Promise<string> {
  const file = join(folder, `${t.title.replaceAll(/\W+/g, '-')}.yaml`);
  await writeFile(file, text);
  return file;
}

test('ready asks the ops listener of the configuration, of which nothing else need be valid', async (t) => {
  const { port } = await opsListener(t, { host: '0.0.0.0', port: 0 });
  const file = await configuration(
    t,
    `ops: { host: 0.0.0.0, port: "\${PORT}" }\ntokens: { secrets: ["\${file:secret}"] }\nroutes: 7\n`,
  );
  const env = { PORT: String(port) };
  t.deepEqual(await gatehouse(['ready', '--config', file], folder, env), { code: 0, stdout: 'ready\n', stderr: '' });
});

test('a wrong address in the configuration is reported with its place', async (t) => {
  const file = await configuration(t, `ops: { port: "\${file:absent}", hsot: a }\n`);
  t.deepEqual(await gatehouse(['ready', '--config', file]), {
    code: 1,
    stdout: '',
    stderr:
      `${file}:1:14  ops.port  \${file:absent} cannot be read: ${join(folder, 'absent')}: there is no such file; create it or name another\n` +
      `${file}:1:32  ops.hsot  unknown key "hsot"; did you mean "host"?\n`,
  });
  const unknown = await configuration(t, 'ops: { port: 0 }');
  const { code, stderr } = await gatehouse(['ready', '--config', unknown]);
  t.is(code, 1);
  t.regex(stderr, /ops\.port is 0, so only the log of the start has the port; name the listener with --url/);
});

test('a gateway that is not ready makes exit code 1, with the reason from its answer', async (t) => {
  const { state, port } = await opsListener(t, { host: '127.0.0.1', port: 0 });
  state.readiness = { status: 'unavailable', unavailable: ['database', 'clock'] };
  const url = `http://127.0.0.1:${port}`;
  t.deepEqual(await gatehouse(['ready', '--url', url]), {
    code: 1,
    stdout: '',
    stderr: `${url} is not ready: database, clock are down\n`,
  });
  const { code, stdout, stderr } = await gatehouse(['ready', '--url', url, '--json']);
  t.deepEqual(
    { code, stderr, said: JSON.parse(stdout) },
    {
      code: 1,
      stderr: '',
      said: { ready: false, url, status: 'unavailable', unavailable: ['database', 'clock'] },
    },
  );
});

test('a gateway that lacks what it can do without is ready, and says so', async (t) => {
  const path = join(folder, 'ops.sock');
  const { state } = await opsListener(t, { path });
  state.readiness = { status: 'ready', unavailable: ['redis'] };
  const { code, stdout } = await gatehouse(['ready', '--url', `unix:${path}`]);
  t.deepEqual({ code, stdout }, { code: 0, stdout: 'ready; redis is down\n' });
});

test('with --wait, it asks from before the start until the gateway is ready', async (t) => {
  const port = await freePort();
  const asking = gatehouse(['ready', '--url', `http://127.0.0.1:${port}`, '--wait', '1m']);
  const { state } = await opsListener(t, { host: '127.0.0.1', port });
  state.readiness = { status: 'starting', unavailable: [] };
  while (state.asked < 3) await new Promise((resolve) => setImmediate(resolve));
  state.readiness = { status: 'ready', unavailable: [] };
  t.deepEqual(await asking, { code: 0, stdout: 'ready\n', stderr: '' });
});

test('with --wait, it gives up after that time with the last reason', async (t) => {
  const { port, beginShutdown } = await opsListener(t, { host: '127.0.0.1', port: 0 });
  beginShutdown();
  const url = `http://127.0.0.1:${port}`;
  t.deepEqual(await gatehouse(['ready', '--url', url, '--wait', '2s']), {
    code: 1,
    stdout: '',
    stderr: `${url} is not ready after 2 s: shutting down\n`,
  });
});

test('with --pid, it gives up as soon as that process has ended', async (t) => {
  const { state, port } = await opsListener(t, { host: '127.0.0.1', port: 0 });
  state.readiness = { status: 'starting', unavailable: [] };
  const program = spawn('sleep', ['1h']);
  t.teardown(() => program.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  const asking = gatehouse(['ready', '--url', url, '--wait', '10m', '--pid', String(program.pid)]);
  while (state.asked < 3) await new Promise((resolve) => setImmediate(resolve));
  program.kill();
  const stderr = `${url} is not ready: process ${program.pid} has ended\n`;
  t.deepEqual(await asking, { code: 1, stdout: '', stderr });
});

test('wrong usage exits 2 with one line that says what is allowed', async (t) => {
  for (const [args, problem] of [
    [
      ['--url', 'https://a'],
      /--url <url>' argument 'https:\/\/a' is invalid. It must be http:\/\/HOST:PORT or unix:\/PATH/,
    ],
    [['--url', 'http://a/health'], /It must be http:\/\/HOST:PORT or unix:\/PATH/],
    [['--wait', '30'], /--wait <duration>' argument '30' is invalid. It must be a duration, .* 30s/],
    [['--pid', '-1'], /--pid <pid>' argument '-1' is invalid. It must be the id of a process/],
    [['--url', 'http://a', '--config', 'b'], /'--url <url>' cannot be used with option '--config <file>'/],
  ] as const) {
    const { code, stderr } = await gatehouse(['ready', ...args]);
    t.is(code, 2, stderr);
    t.regex(stderr, problem);
  }
});
