import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { request } from 'undici';
import { ADA, basic } from '../../lab/gateways/gateway.ts';
import { ask, bearer, issue, PATH } from '../../lab/gateways/load.ts';
import { type Gateways, gateways, type NodeProcess } from '../../lab/gateways/nodes.ts';
import { childrenOf, isRunning, lineToEach } from '../../lab/gateways/workers.ts';
import { startProcess } from '../../lab/processes/server-process.ts';
import { temporaryDatabase } from '../../lab/stores/database.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { rawClient } from '../../support/http/raw.ts';

const MAIN = resolve(import.meta.dirname, '../../../gateway/main.ts');
const WORKERS = 2;
/** Milliseconds between two requests of a client: the workers that start need the processor as well. */
const REST = 20;

/** What one gateway with two workers needs: SQLite, no Redis, and an upstream. */
async function twoWorkers(t: ExecutionContext, upstream?: { url: string }): Promise<Gateways> {
  const { url } = upstream ?? (await httpUpstream(t));
  return await gateways(t, { location: await temporaryDatabase(t, 'sqlite'), redis: '', upstream: url });
}

const lines = (node: NodeProcess, msg: string) => node.log.filter((line) => line.msg === msg);
const replaced = (node: NodeProcess, count: number) =>
  holds(`${count} workers are replaced`, () => lines(node, 'worker ready').length === count, 20_000);

test.serial('all workers answer on one port, and the ops listener speaks for all of them', async (t) => {
  const group = await twoWorkers(t);
  const node = await group.start('A', { workers: WORKERS });
  t.is(lines(node, 'listening')[0]?.workers, WORKERS);
  const [one, other] = await lineToEach(t, node, WORKERS);
  if (one === undefined || other === undefined) return t.fail();
  t.deepEqual(await node.ready(), { status: 200, unavailable: [] });

  const token = bearer(await issue(node, ADA));
  for (let i = 0; i < 5; i++) for (const line of [one, other]) t.is(await line.ask('GET', PATH, token), 200);
  const metrics = await (await fetch(`${node.opsUrl}/metrics`)).text();
  t.regex(metrics, /^gatehouse_workers 2$/m);
  t.regex(metrics, /^gatehouse_request_duration_seconds_count\{[^}]*route="orders"[^}]*status="2xx"[^}]*\} 10$/m);
});

test.serial('tokens can be issued on all workers at once with SQLite', async (t) => {
  const node = await (await twoWorkers(t)).start('A', { workers: WORKERS });
  const tokens = await Promise.all(Array.from({ length: 300 }, () => issue(node, ADA)));
  t.is(new Set(tokens.map(({ id }) => id)).size, 300);
  t.is(new Set(lines(node, 'request').map(({ worker }) => worker)).size, WORKERS);
});

test.serial('a worker that is killed under load is replaced and said so, and no request hangs', async (t) => {
  const node = await (await twoWorkers(t)).start('A', { workers: WORKERS });
  const token = bearer(await issue(node, ADA));
  const answers: (number | string)[] = [];
  let isOver = false;
  const load = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (!isOver) {
        // A connection for each: any moment of its life can be the one at which its worker is killed.
        const options = { reset: true, headers: { authorization: token }, headersTimeout: 10_000 };
        const answer = await request(node.url + PATH, options).catch(({ code }: { code: string }) => code);
        if (typeof answer !== 'string') await answer.body.dump().catch(() => {});
        answers.push(typeof answer === 'string' ? answer : answer.statusCode);
        await pause(REST);
      }
    }),
  );
  for (let death = 1; death <= 3; death++) {
    await holds('the load goes on', () => answers.length > death * 100, 20_000);
    const [victim = 0] = childrenOf(node.pid);
    process.kill(victim, 'SIGKILL');
    const told = () => lines(node, 'worker ended').find(({ pid }) => pid === victim);
    await holds('it is said', () => told() !== undefined);
    t.is(told()?.signal, 'SIGKILL');
    t.deepEqual(await node.ready(), { status: 503, unavailable: ['workers'] });
    await replaced(node, death);
  }
  isOver = true;
  await load;
  t.deepEqual(await node.ready(), { status: 200, unavailable: [] });
  t.is(childrenOf(node.pid).length, WORKERS);
  t.is((await lineToEach(t, node, WORKERS)).length, WORKERS);
  const failed = answers.filter((answer) => answer !== 200);
  t.deepEqual(
    failed.filter((code) => code !== 'UND_ERR_SOCKET' && code !== 'ECONNRESET'),
    [],
  );
  // Those that the killed ones were at, and no more: the load is eight at a time.
  t.true(failed.length <= 3 * 8, `${failed.length} of ${answers.length} failed`);
});

test.serial('a worker that dies again and again is replaced later each time', async (t) => {
  const node = await (await twoWorkers(t)).start('A', { workers: WORKERS });
  const [steady = 0] = childrenOf(node.pid);
  for (let death = 1; death <= 4; death++) {
    for (const pid of childrenOf(node.pid)) if (pid !== steady) process.kill(pid, 'SIGKILL');
    await replaced(node, death);
  }
  t.deepEqual(
    lines(node, 'worker ended').map(({ restartIn }) => restartIn),
    [100, 200, 400, 800],
  );
  const ended = lines(node, 'worker ended').map(({ worker }) => worker);
  t.deepEqual(
    lines(node, 'worker ready').map(({ replaces }) => replaces),
    ended,
  );
  t.true(isRunning(steady));
});

test.serial('what keeps a worker from starting ends the gateway with that reason', async (t) => {
  const group = await twoWorkers(t);
  const taken = createServer().listen(0, '127.0.0.1');
  t.teardown(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const reason = `listen: port ${port} of 127.0.0.1 is in use by another program. Set listen.port to a free one.`;
  await t.throwsAsync(group.start('A', { workers: WORKERS, listen: { port } }), {
    message: `node A ended with 1: ${reason}\n`,
  });
  await t.throwsAsync(group.start('B', { workers: WORKERS, ops: { port } }), { message: /ended with 1: ops: port/ });
  const database = { url: 'mysql://root@127.0.0.1:1/nothing' };
  await t.throwsAsync(group.start('C', { workers: WORKERS, database }), {
    message: /ended with 1: database\.url of .*C\.yaml: connect ECONNREFUSED 127\.0\.0\.1:1\. [^\n]+\n$/,
  });
});

test.serial('a worker that dies before it was ever ready ends the gateway, and no worker is left', async (t) => {
  const file = await (await twoWorkers(t)).configure('A', { workers: WORKERS });
  const node = startProcess(process.execPath, [MAIN, 'start', '--config', file]);
  t.teardown(() => node.end('SIGKILL'));
  const complaint = text(node.stderr);
  await holds('its workers start', () => childrenOf(node.pid).length === WORKERS, 20_000);
  const [victim = 0, sibling = 0] = childrenOf(node.pid);
  process.kill(victim, 'SIGKILL');
  t.regex(await complaint, /^A worker ended before it was ready \(SIGKILL\): [^\n]+\n$/);
  await holds('it has ended', () => node.ended);
  t.is(node.exitCode, 1);
  t.false(isRunning(sibling));
});

test.serial('on SIGTERM all workers answer what is under way, and the gateway exits with 0', async (t) => {
  const waiting = new Set<() => void>();
  const upstream = await httpUpstream(t, (_req, res) => void waiting.add(() => res.end('answered')));
  const node = await (await twoWorkers(t, upstream)).start('A', { workers: WORKERS });
  const token = await issue(node, ADA);
  const underWay = Array.from({ length: 6 }, () =>
    request(node.url + PATH, { headers: { authorization: bearer(token) } }),
  );
  await holds('all are under way', () => waiting.size === underWay.length);
  const workers = childrenOf(node.pid);

  const stopped = node.stop();
  await holds('it is not ready', async () => (await node.ready()).status === 503);
  await holds('nobody is let in', async () => (await ask(node, token)).status === null);
  for (const answer of waiting) answer();
  for (const { statusCode, body } of await Promise.all(underWay)) {
    t.is(statusCode, 200);
    t.is(await body.text(), 'answered');
  }
  await stopped;
  t.is(node.exitCode, 0);
  t.deepEqual(workers.filter(isRunning), []);
  const served = new Set(lines(node, 'request').map(({ worker }) => worker));
  t.is(served.size, WORKERS);
  t.is(lines(node, 'stopped').length, 1);
});

test.serial(
  'workers that hang are killed when the shutdown is over, and a second signal ends all at once',
  async (t) => {
    const group = await twoWorkers(t);
    const hung = await group.start('A', { workers: WORKERS, shutdown: { timeout: '500ms' } });
    for (const pid of childrenOf(hung.pid)) process.kill(pid, 'SIGSTOP');
    await hung.stop();
    t.is(hung.exitCode, 0);
    t.is(lines(hung, 'worker killed: it did not end in time').length, WORKERS);

    const impatient = await group.start('B', { workers: WORKERS, shutdown: { timeout: '60s', delay: '50s' } });
    const workers = childrenOf(impatient.pid);
    process.kill(impatient.pid, 'SIGINT');
    await holds('it stops', () => lines(impatient, 'stopping').length === 1);
    await impatient.stop();
    t.is(impatient.exitCode, 1);
    await holds('no worker is left', () => !workers.some(isRunning));
  },
);

test.serial(
  'a changed configuration is taken over by all workers or by none, and one that hangs is replaced',
  async (t) => {
    const [old, next] = [await httpUpstream(t), await httpUpstream(t)];
    const group = await twoWorkers(t, old);
    const settings = { workers: WORKERS, shutdown: { timeout: '500ms' } };
    const node = await group.start('A', settings);
    const each = await lineToEach(t, node, WORKERS);
    const token = bearer(await issue(node, ADA));
    const askAll = async () => {
      for (const line of each) t.is(await line.ask('GET', PATH, token), 200);
    };
    const reload = async (routes: unknown, outcome: string) => {
      const before = lines(node, outcome).length;
      await group.configure('A', { ...settings, routes });
      process.kill(node.pid, 'SIGHUP');
      await holds(outcome, () => lines(node, outcome).length > before, 20_000);
    };
    await askAll();
    t.is(old.seen.length, WORKERS);

    await reload([{ name: 'orders', path: '/api/v1/orders', upstream: next.url }], 'configuration taken over');
    await askAll();
    await reload([{ name: 'orders', path: 'nonsense' }], 'configuration not taken over');
    await askAll();
    t.is(old.seen.length, WORKERS);
    t.is(next.seen.length, 2 * WORKERS);

    const [hung = 0] = childrenOf(node.pid);
    process.kill(hung, 'SIGSTOP');
    await reload([{ name: 'orders', path: '/api/v1/orders', upstream: old.url }], 'configuration taken over');
    t.is(lines(node, 'worker replaced: it did not take the configuration over')[0]?.pid, hung);
    await replaced(node, 1);
    t.false(isRunning(hung));
    for (const line of await lineToEach(t, node, WORKERS)) t.is(await line.ask('GET', PATH, token), 200);
    t.is(next.seen.length, 2 * WORKERS);
    t.is(old.seen.length, 2 * WORKERS);
  },
);

test.serial(
  'workers end with a primary that is killed, and pass over signals that are not meant for them',
  async (t) => {
    const node = await (await twoWorkers(t)).start('A', { workers: WORKERS });
    const workers = childrenOf(node.pid);
    for (const pid of workers) for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.kill(pid, signal);
    const client = await rawClient(Number(new URL(node.url).port));
    client.send(`GET ${PATH} HTTP/1.1\r\nHost: gatehouse\r\nAuthorization: ${basic(ADA)}\r\n\r\n`);
    await client.until(/ 200 /);
    t.deepEqual(childrenOf(node.pid), workers);
    process.kill(node.pid, 'SIGKILL');
    await holds('no worker is left', () => !workers.some(isRunning));
    t.is(await client.ended().then(() => 'ended'), 'ended');
  },
);
