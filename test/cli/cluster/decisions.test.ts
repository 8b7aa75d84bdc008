import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ADA, basic } from '../../lab/gateways/gateway.ts';
import { gateways, type NodeProcess } from '../../lab/gateways/nodes.ts';
import { childrenOf, isRunning } from '../../lab/gateways/workers.ts';
import { temporaryDatabase } from '../../lab/stores/database.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { SERVER } from '../../support/stores/certificates.ts';

const WORKERS = 2;
const MOST_TRIES = 20;

/** A gateway of two workers with `decisions`, whose configuration the test changes. */
async function deciding(t: ExecutionContext, decisions: Record<string, unknown>) {
  const settings = { workers: WORKERS, decisions, routes: [{ name: 'orders', path: '/api/v1/orders' }] };
  const location = await temporaryDatabase(t, 'sqlite');
  const group = await gateways(t, { location, redis: '', upstream: 'http://127.0.0.1:1' });
  const node = await group.start('A', settings);
  const count = (msg: string) => node.log.filter((line) => line.msg === msg).length;
  return {
    node,
    url: String(node.log.find(({ msg }) => msg === 'listening')?.decisions),
    async reload(changed: Record<string, unknown>) {
      const before = count('configuration taken over');
      await group.configure('A', { ...settings, decisions: { ...decisions, ...changed } });
      process.kill(node.pid, 'SIGHUP');
      await holds('it is taken over', () => count('configuration taken over') > before, 60_000);
    },
    /** Kills workers and waits for as many others. */
    async replace(victims: readonly number[]) {
      const before = count('worker ready');
      for (const pid of victims) process.kill(pid, 'SIGKILL');
      await holds('they are replaced', () => count('worker ready') >= before + victims.length, 60_000);
    },
  };
}

/** One subrequest on a connection of its own. @returns null if the connection is closed without an answer */
function ask(url: string, id: string): Promise<{ status: number; keepFor: unknown } | null> {
  const where = url.startsWith('unix:')
    ? { socketPath: url.slice('unix:'.length) }
    : { host: new URL(url).hostname, port: new URL(url).port };
  const headers = { Authorization: basic(ADA), 'X-Forwarded-For': '203.0.113.7', 'X-Request-Id': id };
  return new Promise((resolve, reject) => {
    request({ ...where, path: '/auth-request/@orders', headers, agent: false }, (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode ?? 0, keepFor: answer.headers['x-accel-expires'] });
    })
      .on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve(null) : reject(error)))
      .end();
  });
}

/** What each worker answers to the same question, by its id. */
async function askEach(node: NodeProcess, url: string): Promise<Map<number, unknown>> {
  const answers = new Map<number, unknown>();
  for (let tries = 0; answers.size < WORKERS; tries += 1) {
    if (tries === MOST_TRIES) throw new Error(`${answers.size} of ${WORKERS} workers answer`);
    const id = crypto.randomUUID();
    const answer = await ask(url, id);
    const line = () => node.log.find((one) => one.id === id);
    await holds('the decision is in the log', () => line() !== undefined);
    answers.set(Number(line()?.worker), answer);
  }
  return answers;
}

test.serial('all workers decide on one port, with the peers and the cache of the newest configuration', async (t) => {
  const { node, url, reload, replace } = await deciding(t, { port: 0, peers: ['127.0.0.0/8'], cache: '5s' });
  t.regex(url, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  const yes = (keepFor: string) => Array.from({ length: WORKERS }, () => ({ status: 200, keepFor }));
  const first = await askEach(node, url);
  t.deepEqual([...first.values()], yes('4'));

  await reload({ cache: '10s' });
  t.deepEqual([...(await askEach(node, url)).values()], yes('9'));
  await replace(childrenOf(node.pid).slice(1));
  const second = await askEach(node, url);
  t.deepEqual([...second.values()], yes('9'), 'the new worker too');
  t.notDeepEqual([...second.keys()].sort(), [...first.keys()].sort());

  await reload({ peers: ['192.0.2.0/24'] });
  for (let times = 0; times < 2 * WORKERS; times += 1) t.is(await ask(url, 'stranger'), null);
});

test.serial('all workers decide on one socket, which outlives them and goes with the gateway', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-socket-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, 'decisions.sock');
  const { node, url, replace } = await deciding(t, { socket });
  t.is(url, `unix:${socket}`);
  await askEach(node, url);
  t.is(statSync(socket).mode & 0o777, 0o660);

  await replace(childrenOf(node.pid).slice(1));
  await askEach(node, url);
  await replace(childrenOf(node.pid));
  await askEach(node, url);
  t.is(statSync(socket).mode & 0o777, 0o660);

  t.is(await node.stop(), 0);
  t.false(existsSync(socket));
});

test.serial(
  'sockets that a killed gateway of several workers has left do not keep the next one from starting',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-socket-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const [web, http, asking] = ['web', 'http', 'asking'].map((name) => join(folder, `${name}.sock`));
    const group = await gateways(t, {
      location: await temporaryDatabase(t, 'sqlite'),
      redis: '',
      upstream: 'http://127.0.0.1:1',
    });
    const settings = {
      workers: WORKERS,
      listen: {
        socket: web,
        tls: { certificate: SERVER.cert, key: SERVER.key },
        redirect: { socket: http, httpsPort: 443 },
      },
      decisions: { socket: asking },
      routes: [{ name: 'orders', path: '/api/v1/orders' }],
    };
    const killed = await group.start('A', settings);
    const pids = [killed.pid, ...childrenOf(killed.pid)];
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await holds('all have ended', () => !pids.some(isRunning));
    t.true(
      [web, http, asking].every((path) => existsSync(path ?? '')),
      'the sockets are left',
    );
    const next = await group.start('A', settings);
    t.is(await next.stop(), 0);
  },
);
