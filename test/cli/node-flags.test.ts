import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { HEAP_FLAGS, WITHOUT_INSPECTOR } from '../../gateway/cli/node-flags.ts';
import type { LogLine } from '../lab/gateways/gateway.ts';
import { childrenOf } from '../lab/gateways/workers.ts';
import { type ServerProcess, startProcess } from '../lab/processes/server-process.ts';
import { holds } from '../lab/waiting/condition.ts';

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');
const COMMAND = resolve(import.meta.dirname, '../../scripts/gatehouse.mjs');

const NODE_FLAGS = [WITHOUT_INSPECTOR, ...HEAP_FLAGS];

/** Milliseconds for a whole start. */
const START_LIMIT = 30_000;

/** What Node says of itself when it begins. */
interface Beginning {
  readonly pid: number;
  readonly execArgv: readonly string[];
  /** Megabytes that the heap has for the young. */
  readonly young: number;
}

/** A module that Node loads before the program. */
const TELLS = `data:text/javascript,${encodeURIComponent(`
  import { getHeapSpaceStatistics } from 'node:v8';
  import { isMainThread } from 'node:worker_threads';
  const { pid, execArgv } = process;
  const { space_used_size, space_available_size } =
    getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  const young = Math.round((space_used_size + space_available_size) / 2 ** 20);
  if (isMainThread) console.error('began ' + JSON.stringify({ pid, execArgv, young }));`)}`;

for (const [program, name] of [
  [MAIN, 'the program'],
  [COMMAND, 'the command'],
] as const) {
  test(`${name} begins anew with the flags, once, as the same process`, async (t) => {
    const started = await startGateway(t, [], program);
    await started.listens();
    const { beginnings, pid } = started;
    t.deepEqual(
      beginnings.map((beginning) => beginning.pid),
      [pid, pid],
    );
    t.deepEqual(beginnings[0]?.execArgv, ['--import', TELLS]);
    t.deepEqual(beginnings[1]?.execArgv, [...NODE_FLAGS, '--import', TELLS]);
    t.is(beginnings[1]?.young, 16);
    t.is(await started.end('SIGTERM'), 0);
    t.is(beginnings.length, 2);
  });
}

test('flags that an operator has chosen hold against ours', async (t) => {
  const chosen = ['--min-semi-space-size=64', '--max-semi-space-size=64', '--no-deprecation'];
  const started = await startGateway(t, chosen);
  await started.listens();
  const [, anew] = started.beginnings;
  t.deepEqual(anew?.execArgv, [...NODE_FLAGS, ...chosen, '--import', TELLS]);
  t.is(anew?.young, 64);
});

test('sizes that an operator has chosen in NODE_OPTIONS hold, and other options there keep nothing from ours', async (t) => {
  const sizes = await startGateway(t, [], MAIN, { NODE_OPTIONS: '--max-semi-space-size=64' });
  const others = await startGateway(t, [], MAIN, { NODE_OPTIONS: '--no-deprecation' });
  await Promise.all([sizes.listens(), others.listens()]);
  t.deepEqual(sizes.beginnings[1]?.execArgv, ['--disable-sigusr1', '--import', TELLS]);
  t.is(others.beginnings.length, 2);
  t.is(others.beginnings[1]?.young, 16);
});

test('with the flags there it goes on as it is, in whatever order they stand', async (t) => {
  const started = await startGateway(t, NODE_FLAGS.toReversed());
  await started.listens();
  t.is(started.beginnings.length, 1);
});

test('workers run with the flags as well', async (t) => {
  const started = await startGateway(t, [], MAIN, {}, { workers: 2 });
  await started.listens();
  const workers = childrenOf(started.pid);
  t.is(workers.length, 2);
  for (const worker of workers) {
    const words = readFileSync(`/proc/${worker}/cmdline`, 'utf8').split('\0');
    t.deepEqual(words.slice(1, 1 + NODE_FLAGS.length), NODE_FLAGS);
  }
  t.is(await started.end('SIGTERM'), 0);
});

/** A module that takes away what Windows, among others, does not have. */
const NO_EXECVE = 'data:text/javascript,process.execve = undefined';

for (const [flags, how] of [
  [[], 'with the flags'],
  [['--import', NO_EXECVE], 'where it cannot begin anew'],
] as const) {
  test(`SIGUSR1 does not open the inspector of the gateway and its workers, ${how}`, async (t) => {
    const started = await startGateway(t, flags, MAIN, {}, { workers: 2 });
    await started.listens();
    const processes = [started.pid, ...childrenOf(started.pid)];
    t.is(processes.length, 3);
    for (const pid of processes) process.kill(pid, 'SIGUSR1');
    // A reload has passed through the primary and each worker: they have had the time to write that a debugger listens.
    process.kill(started.pid, 'SIGHUP');
    const isOver = () => started.log.some(({ msg }) => msg === 'configuration taken over');
    await holds('it reloads', isOver, START_LIMIT);
    t.deepEqual(started.complaints, []);
    t.is(await started.end('SIGTERM'), 0);
  });
}

for (const args of [['check'], ['routes', 'GET', '/s'], ['migrate']]) {
  test(`${args[0]} does without the flags`, async (t) => {
    const run = await runCommand(t, args);
    // Its last line may be read after its end is known.
    await holds('it is done', () => run.ended && run.beginnings.length > 0, START_LIMIT);
    t.is(run.exitCode, 0);
    t.is(run.beginnings.length, 1);
    t.deepEqual(run.beginnings[0]?.execArgv, ['--import', TELLS]);
  });
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} while it starts ends it in order`, async (t) => {
    const started = await startGateway(t);
    await holds('it starts', () => catchesHangups(started.pid), START_LIMIT);
    t.is(await started.end(signal), 0);
    await holds('the log is whole', () => started.log.some(({ msg }) => msg === 'stopped'));
    const own = started.log.filter(({ msg }) => ['listening', 'stopping', 'stopped'].includes(String(msg)));
    t.deepEqual(
      own.map(({ msg }) => msg),
      ['listening', 'stopping', 'stopped'],
    );
    t.is(own[1]?.signal, signal);
    t.is(started.beginnings.length, 2);
  });

  for (const time of [1, 2]) {
    test(`${signal} as it begins ${time === 1 ? 'without the flags' : 'anew'} ends it`, async (t) => {
      const started = await startGateway(t);
      await holds('it begins', () => started.beginnings.length >= time, START_LIMIT);
      const code = await started.end(signal);
      t.true(code === null || code === 0, String(code));
    });
  }
}

/** Whether the process has a handler for SIGHUP: the gateway's, once it reads its settings. By proc_pid_status(5). */
function catchesHangups(pid: number): boolean {
  const [, caught = '0'] = /^SigCgt:\s*([\da-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${caught}`) & 1n) === 1n;
}

interface Started extends ServerProcess {
  readonly beginnings: readonly Beginning[];
  readonly log: readonly LogLine[];
  /** Lines on standard error. */
  readonly complaints: readonly string[];
  listens(): Promise<void>;
}

async function startGateway(
  t: ExecutionContext,
  flags: readonly string[] = [],
  program = MAIN,
  environment: Record<string, string> = {},
  settings: Record<string, unknown> = {},
): Promise<Started> {
  return await runCommand(t, ['start'], flags, program, environment, settings);
}

async function runCommand(
  t: ExecutionContext,
  args: readonly string[],
  flags: readonly string[] = [],
  program = MAIN,
  environment: Record<string, string> = {},
  settings: Record<string, unknown> = {},
): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-flags-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const config = join(folder, 'gateway.yaml');
  const routes = [{ name: 's', path: '/s', upstream: 'http://127.0.0.1:9', auth: 'none' }];
  const database = { url: `sqlite:${join(folder, 'gateway.sqlite')}` };
  const free = { port: 0 };
  const log = { level: 'info', format: 'json' };
  await writeFile(config, stringify({ listen: free, ops: free, database, log, routes, ...settings }));

  const words = [...flags, '--import', TELLS, program, ...args, '--config', config];
  const started = startProcess(process.execPath, words, { ...process.env, NODE_OPTIONS: '', ...environment });
  t.teardown(() => started.end('SIGKILL'));
  const beginnings: Beginning[] = [];
  const lines: LogLine[] = [];
  const complaints: string[] = [];
  createInterface(started.stderr).on('line', (line) => {
    if (line.startsWith('began ')) beginnings.push(JSON.parse(line.slice('began '.length)) as Beginning);
    else complaints.push(line);
  });
  const output = createInterface(started.stdout);
  if (args[0] === 'start') output.on('line', (line) => lines.push(JSON.parse(line) as LogLine));
  else started.stdout.resume();
  const isListening = () => lines.some(({ msg }) => msg === 'listening');
  return Object.assign(started, {
    beginnings,
    log: lines,
    complaints,
    async listens() {
      await holds('it listens', () => started.ended || isListening(), START_LIMIT);
      if (!isListening()) throw new Error(`ended with ${started.exitCode}: ${complaints.join('\n')}`);
    },
  });
}
