import test from 'ava';
import { ADA, BOB, basic } from '../lab/gateways/gateway.ts';
import { bearer, issue, PATH } from '../lab/gateways/load.ts';
import { gateways, type NodeProcess } from '../lab/gateways/nodes.ts';
import { type Line, lineToEach } from '../lab/gateways/workers.ts';
import { fileScope } from '../lab/scope.ts';
import { temporaryDatabase } from '../lab/stores/database.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';

const WORKERS = 2;
const REVOCATIONS = 30;
const TRIES = 4;

const scope = fileScope();
let node: NodeProcess;
let one: Line;
let other: Line;

/** SQLite and no Redis: the workers have nothing in common but the database and the primary. */
test.before(async () => {
  const upstream = await httpUpstream(scope);
  const location = await temporaryDatabase(scope, 'sqlite');
  const throttle = { perAddressAndAccount: TRIES };
  const group = await gateways(scope, {
    location,
    redis: '',
    upstream: upstream.url,
    settings: { accounts: { throttle, cache: '30s' } },
  });
  node = await group.start('A', { workers: WORKERS });
  const [first, second] = await lineToEach(scope, node, WORKERS);
  if (first === undefined || second === undefined) throw new Error('unreachable');
  [one, other] = [first, second];
});

test.serial('what is revoked on one worker is refused on the other at once', async (t) => {
  const revoker = bearer(await issue(node, BOB));
  const delays: number[] = [];
  for (let i = 0; i < REVOCATIONS; i++) {
    const { token, id } = await issue(node, BOB);
    t.is(await other.ask('GET', PATH, `Bearer ${token}`), 200);
    const from = performance.now();
    t.is(await one.ask('DELETE', `/api/v1/tokens/${id}`, revoker), 204);
    await holds('it is refused', async () => (await other.ask('GET', PATH, `Bearer ${token}`)) === 401);
    delays.push(performance.now() - from);
  }
  delays.sort((a, b) => a - b);
  const p50 = delays[REVOCATIONS / 2] ?? Number.NaN;
  t.log(
    `from sending the DELETE to a 401 by the other worker: p50 ${p50.toFixed(1)} ms, max ${delays.at(-1)?.toFixed(1)} ms`,
  );
  // By reading the database twice a second it would be 250 ms.
  t.true(p50 < 125);

  const { token } = await issue(node, BOB);
  t.is(await other.ask('GET', PATH, `Bearer ${token}`), 200);
  t.is(await one.ask('DELETE', '/api/v1/tokens/', revoker), 204);
  await holds('all are refused', async () => (await other.ask('GET', PATH, `Bearer ${token}`)) === 401);
});

test.serial('wrong passwords are counted over all workers', async (t) => {
  const wrong = basic({ ...ADA, password: 'wrong' });
  const [here, there] = [() => one.ask('GET', PATH, wrong), () => other.ask('GET', PATH, wrong)];
  // What was right costs nothing, on whichever worker.
  for (const line of [one, other]) t.is(await line.ask('GET', PATH, basic(ADA)), 200);
  t.deepEqual([await here(), await there(), await there(), await here()], Array(TRIES).fill(401));
  t.deepEqual([await here(), await there()], [429, 429]);
  t.is(await other.ask('GET', PATH, basic({ ...BOB, password: 'wrong' })), 401, 'another account');
});

test.serial('while the primary hangs, workers answer, and each counts by itself', async (t) => {
  const token = bearer(await issue(node, BOB));
  process.kill(node.pid, 'SIGSTOP');
  try {
    const wrong = basic({ email: 'nobody@example.com', password: 'wrong' });
    for (const line of [one, other]) {
      t.is(await line.ask('GET', PATH, token), 200);
      for (let i = 0; i < TRIES; i++) t.is(await line.ask('GET', PATH, wrong), 401);
      t.is(await line.ask('GET', PATH, wrong), 429);
    }
  } finally {
    process.kill(node.pid, 'SIGCONT');
  }
  await holds('it is ready', async () => (await node.ready()).status === 200);
});
