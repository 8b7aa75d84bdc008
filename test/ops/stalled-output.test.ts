import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test from 'ava';
import { Client } from 'undici';
import { stringify } from 'yaml';
import type { Scope } from '../lab/scope.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { countsOf, parseExposition } from '../support/reports/exposition.ts';
import { onStoppedTerminal, pipeOfTest } from '../support/reports/outputs.ts';

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');
/** Together with the longest path that a line has, more than the lines that wait in memory. */
const REQUESTS = 2_250;
const LONG = `/s/${'x'.repeat(2_100)}`;

/** Ports that are free at the moment: what the gateway prints is read by nobody. */
async function freePorts(): Promise<[number, number]> {
  const ports = await Promise.all(
    [0, 0].map(async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      return await new Promise<number>((done) =>
        server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0)),
      );
    }),
  );
  return [ports[0] ?? 0, ports[1] ?? 0];
}

/** Starts a gateway whose output goes where the test says. */
async function gateway(t: Scope, run: (command: string[]) => ChildProcess, settings: Record<string, unknown>) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const upstream = await httpUpstream(t);
  const [port, ops] = await freePorts();
  const file = join(folder, 'gateway.yaml');
  writeFileSync(
    file,
    stringify({
      listen: { port },
      ops: { port: ops },
      database: { url: `sqlite:${join(folder, 'gateway.sqlite')}` },
      routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }],
      ...settings,
    }),
  );
  const child = run([process.execPath, MAIN, 'start', '--config', file]);
  t.teardown(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const ready = () =>
    fetch(`http://127.0.0.1:${ops}/health/ready`).then(
      ({ status }) => status === 200,
      () => false,
    );
  await holds('the gateway is ready', ready, 30_000);
  const client = new Client(`http://127.0.0.1:${port}`, { pipelining: 1 });
  t.teardown(() => client.destroy());
  return {
    pid: child.pid,
    async answersAll() {
      for (let i = 0; i < REQUESTS; i++) {
        const { statusCode, body } = await client.request({ method: 'GET', path: LONG, headersTimeout: 5_000 });
        await body.dump();
        if (statusCode !== 200) throw new Error(`request ${i}: ${statusCode}`);
      }
      return await ready();
    },
    async dropped() {
      const text = await fetch(`http://127.0.0.1:${ops}/metrics`).then((answer) => answer.text());
      return countsOf(parseExposition(text), 'gatehouse_log_lines_dropped_total')[''] ?? 0;
    },
    /** @returns how it ended, by SIGTERM */
    async stop() {
      child.kill('SIGTERM');
      const [code] = (await ended) as [number | null];
      return code;
    },
  };
}

const STALLED: Record<string, (t: Scope) => (command: string[]) => ChildProcess> = {
  'a pipe whose reader stalls': (t) => {
    const { writer } = pipeOfTest(t);
    return ([node = '', ...args]) => spawn(node, args, { stdio: ['ignore', writer, writer] });
  },
  'a socket whose reader stalls': () => {
    return ([node = '', ...args]) => spawn(node, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  },
  'a full disk': (t) => {
    const full = openSync('/dev/full', 'a');
    t.teardown(() => closeSync(full));
    return ([node = '', ...args]) => spawn(node, args, { stdio: ['ignore', full, full] });
  },
  'a pipe that nobody reads any more': (t) => {
    const { writer, closeReader } = pipeOfTest(t);
    return ([node = '', ...args]) => {
      const child = spawn(node, args, { stdio: ['ignore', writer, writer] });
      closeReader();
      return child;
    };
  },
  'a terminal that is stopped': () => onStoppedTerminal,
};

for (const [name, output] of Object.entries(STALLED)) {
  test.serial(
    `with ${name} as standard output, every request is answered, and SIGTERM ends the gateway with 0`,
    async (t) => {
      const running = await gateway(t, output(t), {});
      t.true(await running.answersAll());
      t.true((await running.dropped()) > 100);
      t.is(await running.stop(), 0);
    },
  );
}

// Of a pipe that workers share, the test below says the same.
for (const [name, output] of Object.entries(STALLED).slice(1, 3)) {
  test.serial(`the same for workers that share ${name}`, async (t) => {
    const running = await gateway(t, output(t), { workers: 2 });
    t.true(await running.answersAll());
    t.true((await running.dropped()) > 100);
    t.is(await running.stop(), 0);
  });
}

test.serial(
  'a reader that goes on gets what waited, then how many lines are lost, by each process that lost some',
  async (t) => {
    const pipe = pipeOfTest(t);
    const running = await gateway(
      t,
      ([node = '', ...args]) => spawn(node, args, { stdio: ['ignore', pipe.writer, 'inherit'] }),
      { workers: 2 },
    );
    await running.answersAll();
    let text = '';
    const lines = () =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const told = () => lines().filter(({ msg }) => msg === 'log lines dropped');
    await holds('the loss is told', () => {
      text += pipe.read();
      return text.includes('log lines dropped');
    });
    const dropped = await running.dropped();
    t.true(dropped > 100);
    t.is(
      told().reduce((sum, line) => sum + Number(line.dropped), 0),
      dropped,
    );
    t.true(told().every(({ worker, cause }) => typeof worker === 'number' && /keep up/.test(String(cause))));
    t.is(lines().filter(({ msg }) => msg === 'request').length, REQUESTS - dropped);
    const stopping = running.stop();
    await holds('the last line is read', () => {
      text += pipe.read();
      return text.includes('"msg":"stopped"');
    });
    t.is(await stopping, 0);
  },
);
