import test from 'ava';
import { gateways } from '../../lab/gateways/nodes.ts';
import { lineToEach } from '../../lab/gateways/workers.ts';
import { temporaryDatabase } from '../../lab/stores/database.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { readEvents } from '../../support/console/event-reader.ts';

test('the snapshots of two workers are one, and their failures name the worker', async (t) => {
  const upstream = await httpUpstream(t);
  const group = await gateways(t, {
    location: await temporaryDatabase(t, 'sqlite'),
    redis: '',
    upstream: upstream.url,
  });
  const node = await group.start('A', { workers: 2, ops: { port: 0, console: true } });
  const lines = await lineToEach(t, node, 2);
  const measured = { longest: 0 };
  const events = await readEvents(t, node.opsUrl, measured);
  let isOver = false;
  const load = (async () => {
    while (!isOver) await Promise.all(lines.map((line) => line.ask('GET', '/api/v1/orders', '')));
  })();
  const seen = new Set<number | null>();
  const { workers } = await events.until((snapshot) => {
    for (const { worker } of snapshot.newFailures) seen.add(worker);
    return seen.size === 2 && Object.keys(snapshot.refusals).length > 0;
  });
  isOver = true;
  await load;
  t.is(workers, 2);
  t.deepEqual([...seen].sort(), lines.map(({ worker }) => worker).sort());
  t.true(measured.longest <= 4_096);

  const state = (await (await fetch(`${node.opsUrl}/console/state`)).json()) as {
    failures: { worker: number; at: number }[];
  };
  t.true(state.failures.length > 0 && state.failures.length <= 75);
  t.deepEqual([...new Set(state.failures.map(({ worker }) => worker))].sort(), [...seen].sort());
  t.deepEqual(
    state.failures.map(({ at }) => at),
    state.failures.map(({ at }) => at).toSorted((a, b) => a - b),
  );
});
