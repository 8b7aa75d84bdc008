import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { ADA } from '../../lab/gateways/gateway.ts';
import { bearer, issue, PATH } from '../../lab/gateways/load.ts';
import { gateways, type NodeProcess } from '../../lab/gateways/nodes.ts';
import { childrenOf, isRunning, lineToEach } from '../../lab/gateways/workers.ts';
import { temporaryDatabase } from '../../lab/stores/database.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';

const WORKERS = 2;
/** Milliseconds: five beats of two seconds, and one that may just have been. */
const DEADLINE = 12_000;
/** Milliseconds that a busy machine may need beyond it. */
const SLACK = 20_000;

async function twoWorkers(t: ExecutionContext, settings: Record<string, unknown> = {}): Promise<NodeProcess> {
  const { url } = await httpUpstream(t);
  const group = await gateways(t, { location: await temporaryDatabase(t, 'sqlite'), redis: '', upstream: url });
  return await group.start('A', { workers: WORKERS, ...settings });
}

const lines = (node: NodeProcess, msg: string) => node.log.filter((line) => line.msg === msg);
const killed = (node: NodeProcess) => lines(node, 'worker killed: it does not answer');

async function replacedOnce(t: ExecutionContext, node: NodeProcess, hung: number): Promise<void> {
  await holds('it is killed', () => killed(node).length === 1, DEADLINE + SLACK);
  t.like(killed(node)[0], { pid: hung, silent: 10_000 });
  await holds('it is replaced', () => lines(node, 'worker ready').length === 1, SLACK);
  t.like(lines(node, 'worker ended')[0], { pid: hung, signal: 'SIGKILL' });
  t.false(isRunning(hung));
  await holds('the gateway is ready', async () => (await node.ready()).status === 200, SLACK);
  t.is((await lineToEach(t, node, WORKERS)).length, WORKERS);
  t.is(killed(node).length, 1);
}

test('a worker that stands still is killed and replaced, and the others answer all the while', async (t) => {
  const node = await twoWorkers(t);
  const token = bearer(await issue(node, ADA));
  const [hung = 0] = childrenOf(node.pid);
  const each = await lineToEach(t, node, WORKERS);
  process.kill(hung, 'SIGSTOP');
  await holds('it is not ready', async () => (await node.ready()).unavailable.includes('workers'));
  const asked = each.map((line) => line.ask('GET', PATH, token));
  t.is(await Promise.any(asked), 200);
  t.is(killed(node).length, 0);
  await replacedOnce(t, node, hung);
  const outcomes = await Promise.allSettled(asked);
  t.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

test('a worker that a module of the operator keeps busy for ever is killed and replaced', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-hung-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const intercept = join(folder, 'intercept.mjs');
  // Never gives the thread back, like an endless loop, but leaves the processor to others.
  await writeFile(intercept, 'export default () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);');
  const { url } = await httpUpstream(t);
  const routes = [
    { name: 'orders', path: '/api/v1/orders', upstream: url },
    { name: 'busy', path: '/busy', upstream: url, auth: 'none', proxy: { intercept } },
  ];
  const node = await twoWorkers(t, { routes });
  const request = fetch(`${node.url}/busy`).then(
    () => 'answered',
    () => 'cut off',
  );
  await holds('it is not ready', async () => (await node.ready()).unavailable.includes('workers'));
  await holds('it is killed', () => killed(node).length === 1, DEADLINE + SLACK);
  await replacedOnce(t, node, Number(killed(node)[0]?.pid));
  t.is(await request, 'cut off');
});

test('a worker that only pauses goes on, and so do all when the gateway was stopped as a whole', async (t) => {
  const node = await twoWorkers(t);
  const workers = childrenOf(node.pid);
  const [pausing = 0] = workers;
  process.kill(pausing, 'SIGSTOP');
  await pause(DEADLINE / 3);
  process.kill(pausing, 'SIGCONT');
  await holds('it is ready again', async () => (await node.ready()).status === 200);

  const all = [...workers, node.pid];
  for (const pid of all) process.kill(pid, 'SIGSTOP');
  await pause(DEADLINE);
  for (const pid of all) process.kill(pid, 'SIGCONT');
  await pause(DEADLINE / 2);
  t.deepEqual(childrenOf(node.pid), workers);
  t.deepEqual(lines(node, 'worker ended'), []);
  t.is((await node.ready()).status, 200);
});

test('workers that all die at once come back where they were, and take a changed configuration over', async (t) => {
  const { url } = await httpUpstream(t);
  const group = await gateways(t, { location: await temporaryDatabase(t, 'sqlite'), redis: '', upstream: url });
  const node = await group.start('A', { workers: WORKERS });
  for (const pid of childrenOf(node.pid)) process.kill(pid, 'SIGKILL');
  await holds('they are replaced', () => lines(node, 'worker ready').length === WORKERS, 30_000);
  t.is((await lineToEach(t, node, WORKERS)).length, WORKERS);

  const next = await httpUpstream(t);
  await group.configure('A', {
    workers: WORKERS,
    routes: [{ name: 'orders', path: '/api/v1/orders', upstream: next.url }],
  });
  process.kill(node.pid, 'SIGHUP');
  await holds('it is taken over', () => lines(node, 'configuration taken over').length === 1);
  const token = bearer(await issue(node, ADA));
  for (const line of await lineToEach(t, node, WORKERS)) t.is(await line.ask('GET', PATH, token), 200);
  t.true(next.seen.length >= WORKERS);
  t.deepEqual(lines(node, 'worker replaced: it did not take the configuration over'), []);
});
