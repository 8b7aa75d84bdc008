import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { nodeArguments } from '../../gateway/cli/node-flags.ts';
import { inheritedSocket } from '../../gateway/ops/inherited-sockets.ts';
import type { LogLine } from '../lab/gateways/gateway.ts';
import { childrenOf } from '../lab/gateways/workers.ts';
import { startProcess } from '../lab/processes/server-process.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { requestText } from '../support/gateways/forwarding.ts';
import { rawClient, statusOf } from '../support/http/raw.ts';
import { gatehouse } from '../support/processes/command.ts';

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');
const RUN_NODE = new URL('../../scripts/run-node.mjs', import.meta.url).href;
/** Milliseconds for a whole start. */
const START_LIMIT = 30_000;

/** Runs a gateway twice, as a service manager that keeps the sockets. */
const SERVICE_MANAGER = `
  for run in 1 2; do
    sh -c 'LISTEN_PID=$$; export LISTEN_PID; echo "{\\"started\\":$$}"; exec "$@"' sh "$@" &
    wait $!
    echo "{\\"ended\\":$?}"
  done`;

interface Managed {
  /** Of the sockets that the gateway inherits as 3 and 4. */
  readonly ports: readonly number[];
  readonly lines: readonly LogLine[];
  /** The pids of the gateways so far. */
  pids(): number[];
  listens(times: number): Promise<void>;
}

/** @param flags of Node */
async function managed(t: ExecutionContext, settings: object, flags: readonly string[] = []): Promise<Managed> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-sockets-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const config = join(folder, 'gateway.yaml');
  const { url } = await httpUpstream(t);
  await writeFile(
    config,
    stringify({
      listen: { fd: 'web' },
      ops: { fd: 4 },
      database: { url: `sqlite:${join(folder, 'gateway.sqlite')}` },
      log: { format: 'json' },
      routes: [{ name: 's', path: '/s', upstream: url, auth: 'none' }],
      ...settings,
    }),
  );
  const servers = [await listening(), await listening()];
  const started = startProcess(
    'sh',
    ['-c', SERVICE_MANAGER, 'sh', process.execPath, ...flags, MAIN, 'start', '--config', config],
    { ...process.env, NODE_OPTIONS: '', LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:operators' },
    servers.map(descriptorOf),
  );
  const lines: LogLine[] = [];
  createInterface(started.stdout).on('line', (line) => void lines.push(JSON.parse(line) as LogLine));
  started.stderr.pipe(process.stderr, { end: false });
  const pids = () => lines.flatMap(({ started }) => (typeof started === 'number' ? [started] : []));
  t.teardown(async () => {
    await started.end('SIGKILL');
    for (const pid of pids()) endIfThere(pid);
  });
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  // From now on, only the gateway takes connections.
  for (const server of servers) server.close();
  const isListening = (times: number) => lines.filter(({ msg }) => msg === 'listening').length === times;
  return { ports, lines, pids, listens: (times) => holds('it listens', () => isListening(times), START_LIMIT) };
}

async function listening(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function descriptorOf(server: Server): number {
  return (server as unknown as { _handle: { fd: number } })._handle.fd;
}

function endIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

const CLOSING = requestText('GET /s', ['Connection: close']);

test('sockets of a service manager are found by name and number, and a restart refuses no connection', async (t) => {
  const { ports, lines, pids, listens } = await managed(t, {}, nodeArguments());
  const [port = 0, opsPort = 0] = ports;
  await listens(1);
  const where = { url: `http://127.0.0.1:${port}`, ops: `http://127.0.0.1:${opsPort}` };
  t.like(
    lines.find(({ msg }) => msg === 'listening'),
    where,
  );
  t.is((await fetch(`${where.url}/s`)).status, 200);
  t.is((await fetch(`${where.ops}/health/ready`)).status, 200);
  t.deepEqual(
    lines.filter(({ flags }) => flags !== undefined),
    [],
  );

  process.kill(pids()[0] ?? 0, 'SIGTERM');
  await holds('it has ended', () => lines.some(({ ended }) => ended === 0), START_LIMIT);
  const waiting = await rawClient(port);
  waiting.send(CLOSING);
  t.is(lines.filter(({ msg }) => msg === 'listening').length, 1);
  t.is(statusOf(await waiting.ended()), 200);
  await listens(2);
});

test('without flags of Node beside passed sockets, a line says so; workers have them', async (t) => {
  const { ports, lines, pids, listens } = await managed(t, { listen: { fd: 3 }, workers: 2 });
  await listens(1);
  t.is(lines.filter(({ flags, level }) => flags !== undefined && level === 'warn').length, 1);
  const answering = () => new Set(lines.filter(({ msg }) => msg === 'request').map(({ worker }) => worker));
  await holds('both workers answer', async () => {
    const client = await rawClient(ports[0] ?? 0);
    client.send(CLOSING);
    t.is(statusOf(await client.ended()), 200);
    return answering().size === 2;
  });

  // Node closes the sockets in the primary with the last worker.
  for (const worker of childrenOf(pids()[0] ?? 0)) process.kill(worker, 'SIGKILL');
  await holds('it has ended', () => lines.some(({ ended }) => ended === 1), START_LIMIT);
  t.regex(String(lines.findLast(({ level }) => level === 'error')?.msg), /^all workers have ended, and the sockets/);
  await listens(2);
});

const SELF = String(process.pid);

for (const [what, fd, env, message] of [
  [
    'a number beyond the last socket',
    5,
    { LISTEN_FDS: '2' },
    /listen\.fd 5: the last socket passed is 4\. .*socket unit/,
  ],
  ['no socket at all', 3, { LISTEN_FDS: '0' }, /listen\.fd 3: the service manager has passed no socket/],
  [
    'sockets of another process',
    3,
    { LISTEN_FDS: '1', LISTEN_PID: '1' },
    /to process 1, and this is process \d+\. .*exec/,
  ],
  [
    'a name without names',
    'web',
    { LISTEN_FDS: '1', LISTEN_PID: SELF },
    /no single socket has this name, LISTEN_FDNAMES is ""/,
  ],
  ['a name without a service manager', 'web', {}, /LISTEN_FDNAMES is not set\. Set FileDescriptorName/],
  ['an unknown name', 'web', { LISTEN_FDS: '1', LISTEN_FDNAMES: 'a' }, /LISTEN_FDNAMES is "a"/],
  ['a name of two sockets', 'a', { LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:a' }, /no single socket has this name/],
  ['a descriptor that is not open', 1_023, {}, /it is not a socket\. Start the gateway by a socket unit/],
] as const) {
  test(`${what} is one line`, (t) => {
    t.throws(() => inheritedSocket('listen', fd, env), { message, name: 'OperatorError' });
  });
}

test('a start without the socket of its configuration ends at once, with one line', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-no-socket-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = join(folder, 'gateway.yaml');
  await writeFile(
    file,
    stringify({
      listen: { fd: 'web' },
      ops: { port: 0 },
      routes: [{ name: 'a', path: '/', upstream: 'http://127.0.0.1:9', auth: 'none' }],
    }),
  );
  const started = gatehouse(['start', '--config', file], folder);
  let isOver = false;
  void started.then(() => {
    isOver = true;
  });
  await holds('it has ended', () => isOver, START_LIMIT);
  const { code, stderr } = await started;
  t.is(code, 1);
  t.regex(stderr, /^listen: cannot listen on listen\.fd web: [^\n]+\n$/);
});

test('a program that runs another Node passes the sockets on, and they count as for that one', async (t) => {
  const server = await listening();
  const inner = `
    const { fstatSync } = require('node:fs');
    console.log([3, 4].map((fd) => fstatSync(fd).isSocket()), process.env.LISTEN_FDS, process.env.LISTEN_PID);`;
  const outer = `
    import { runNode } from ${JSON.stringify(RUN_NODE)};
    process.env.LISTEN_PID = String(process.pid);
    runNode(process.execPath, ['--eval', ${JSON.stringify(inner)}]);`;
  const started = startProcess(
    process.execPath,
    ['--input-type=module', '--eval', outer],
    { ...process.env, LISTEN_FDS: '2' },
    [descriptorOf(server), descriptorOf(server)],
  );
  server.close();
  t.teardown(() => started.end('SIGKILL'));
  const [line] = (await once(createInterface(started.stdout), 'line')) as [string];
  t.is(line, '[ true, true ] 2 undefined');
});
